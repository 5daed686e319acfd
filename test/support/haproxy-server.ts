// An HAProxy in front of one loopback port, as one process that ends with the test. It comes from Debian; the service that
// the package has is not started.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { endProcess, listens } from './nginx-server.ts';

/**
 * @param directives of its frontend.
 * @param words behind the address it listens on, and behind that of its server, such as `proto h2`.
 * @returns its port.
 * @throws Error in one sentence when HAProxy is missing and cannot be installed.
 */
export async function startHaproxy(
  context: TestContext,
  serverPort: number,
  directives: readonly string[],
  words: { readonly bind?: string; readonly server?: string } = {},
): Promise<number> {
  requireTools([{ command: 'haproxy', debianPackage: 'haproxy' }], (line) => context.diagnostic(line));
  const folder = mkdtempSync(join(tmpdir(), 'sluice-haproxy-'));
  const port = await freePort();
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, configuration(port, serverPort, directives, words.bind ?? '', words.server ?? ''));
  const child = spawn(findTool('haproxy')!, ['-db', '-q', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
  context.after(async () => {
    await endProcess(child);
    rmSync(folder, { recursive: true, force: true });
  });
  await eventually('HAProxy listens', () => listens(port));
  return port;
}

function configuration(
  port: number,
  serverPort: number,
  directives: readonly string[],
  bind: string,
  server: string,
): string {
  return `global
    nbthread 1
    maxconn 1000
    no strict-limits
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend web
    bind 127.0.0.1:${port} ${bind}
${directives.map((directive) => `    ${directive}\n`).join('')}    default_backend all
backend all
    server one 127.0.0.1:${serverPort} ${server}
`;
}
