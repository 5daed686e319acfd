// What every configuration of nginx begins with, whatever it serves. Text only.

import { join } from 'node:path';

export function nginxMain(folder: string, workers: number, connectionsMax: number): string[] {
  return [
    // Temporary folders belong to whoever runs the benchmark.
    process.getuid!() === 0 ? 'user root;' : '',
    'daemon off;',
    `pid ${join(folder, 'nginx.pid')};`,
    `worker_processes ${workers};`,
    'events {',
    // Both sides of every connection.
    `    worker_connections ${2 * connectionsMax + 1000};`,
    '}',
  ];
}
