// The upstream server of most scenarios: nginx with constant answers, on the core of the load. The same for every proxy;
// its processor time is measured nowhere.

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOOPBACK } from '../lab/free-port.ts';
import type { LaunchOptions } from '../lab/processes.ts';
import { findTool } from '../lab/tools.ts';
import { nginxHead } from '../proxies/nginx.ts';
import { lines } from '../proxies/proxy.ts';

/** Answers by path. `/` is made by nginx itself, the others are files in memory. */
export const SMALL_ANSWER = 'hello from the upstream\n';
const FILES = { '10k': 10 * 1024, '1m': 1024 * 1024 } as const;

const MEMORY_FOLDER = '/dev/shm';
const CONNECTIONS_MAX = 16_000;

export class StaticUpstream {
  readonly folder: string;
  readonly port: number;
  readonly configuration: string;
  private readonly files: string;

  /** Makes the files; `remove` removes them. */
  constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
    mkdirSync(folder, { recursive: true });
    this.files = mkdtempSync(join(existsSync(MEMORY_FOLDER) ? MEMORY_FOLDER : tmpdir(), 'sluice-bench-'));
    for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(this.files, name), 'x'.repeat(bytes));
    this.configuration = configurationOf(folder, port, this.files);
    writeFileSync(join(folder, 'nginx.conf'), this.configuration);
  }

  launch(cores: readonly number[], openFiles: number): LaunchOptions {
    const { folder } = this;
    const command = [
      findTool('nginx')!,
      '-p',
      folder,
      '-c',
      join(folder, 'nginx.conf'),
      '-e',
      join(folder, 'error.log'),
    ];
    return { command, cores, openFiles, folder, log: join(folder, 'output.log') };
  }

  remove(): void {
    rmSync(this.files, { recursive: true, force: true });
  }
}

function configurationOf(folder: string, port: number, files: string): string {
  return lines(
    nginxHead(folder, 1, CONNECTIONS_MAX),
    '    open_file_cache max=100;',
    '    server {',
    `        listen ${LOOPBACK}:${port} backlog=4096;`,
    '        default_type text/plain;',
    `        root ${files};`,
    `        location = / { return 200 "${SMALL_ANSWER.trim()}\\n"; }`,
    '    }',
    '}',
  );
}
