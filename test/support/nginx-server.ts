// An nginx that serves the files of a folder on a loopback port, or what directives say, as one process that ends with the
// test. It comes from Debian; the service that the package has is not started.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';

/**
 * @param files by name.
 * @param directives for its server, beside the files.
 * @returns its URL.
 * @throws Error in one sentence when nginx is missing and cannot be installed.
 */
export async function startNginx(
  context: TestContext,
  files: Readonly<Record<string, string>>,
  directives = '',
): Promise<string> {
  requireTools([{ command: 'nginx', debianPackage: 'nginx' }], (line) => context.diagnostic(line));
  const folder = mkdtempSync(join(tmpdir(), 'sluice-nginx-'));
  const port = await freePort();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  writeFileSync(join(folder, 'nginx.conf'), configuration(folder, port, directives));
  const args = ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')];
  const child = spawn(findTool('nginx')!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  context.after(async () => {
    await endProcess(child);
    rmSync(folder, { recursive: true, force: true });
  });
  await eventually('nginx listens', () => listens(port));
  return `http://127.0.0.1:${port}`;
}

function configuration(folder: string, port: number, directives: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `  ${kind}_temp_path ${join(folder, kind)};`,
  );
  return `daemon off;
master_process off;
pid ${join(folder, 'nginx.pid')};
events { worker_connections 256; }
http {
  access_log off;
${temporary.join('\n')}
  server {
    listen 127.0.0.1:${port};
    root ${folder};
    ${directives}
  }
}
`;
}

/** Does somebody accept connections on this port? */
export function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** Ends a process the hard way, unless it has ended. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}
