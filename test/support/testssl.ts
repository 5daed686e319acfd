// testssl.sh, which looks for what is wrong with a TLS server: runs a choice of its checks on one loopback port and gives what
// it found. It comes from Debian.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import type { TestAuthority } from './test-authority.ts';

export interface Finding {
  readonly id: string;
  readonly severity: 'DEBUG' | 'INFO' | 'OK' | 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL' | 'WARN' | 'FATAL';
  readonly finding: string;
}

/** Protocols, kinds of ciphers, forward secrecy, order, what the server shows, known weaknesses. */
const CHECKS = ['-p', '-s', '-f', '-P', '-S', '-U'];
const TIMEOUT_MS = 400_000;

/** @throws Error in one sentence when it is missing and cannot be installed. */
export function requireTestssl(context: TestContext): void {
  const tools = [
    { command: 'testssl', debianPackage: 'testssl.sh' },
    { command: 'hexdump', debianPackage: 'bsdextrautils' },
  ];
  requireTools(tools, (line) => context.diagnostic(line));
}

/** @param name that is asked for, as if it were in DNS. */
export async function testssl(authority: TestAuthority, name: string, port: number): Promise<Finding[]> {
  const file = join(authority.folder, `testssl-${port}.json`);
  const options = ['--quiet', '--color', '0', '--warnings', 'batch', '--nodns', 'none', '--add-ca', authority.certFile];
  const args = [...options, '--jsonfile', file, '--ip', '127.0.0.1', ...CHECKS, `${name}:${port}`];
  const child = spawn(findTool('testssl')!, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const watch = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), TIMEOUT_MS);
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  await once(child, 'exit');
  clearTimeout(watch);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Finding[];
  } catch (error) {
    throw new Error(`testssl wrote no report: ${error}\n${(await outputs).join('\n')}`);
  }
}
