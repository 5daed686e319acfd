// A dnsmasq on loopback with records of its own, and dig to ask through something in between. Both are Debian's; no service of theirs is
// started, and nothing is asked of the outside.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { eventually } from './eventually.ts';
import { freeUdpPort } from './free-udp-port.ts';
import { endProcess, listens } from './nginx-server.ts';

const DIG_TIMEOUT_MS = 60_000;

/** @throws Error in one sentence when one of them is missing and cannot be installed. */
export function requireDnsTools(context: TestContext): void {
  const tools = [
    { command: 'dig', debianPackage: 'bind9-dnsutils' },
    { command: 'dnsmasq', debianPackage: 'dnsmasq-base' },
  ];
  requireTools(tools, (line) => context.diagnostic(line));
}

/** Every name below `test.` has the address; `long.test` has a text that fits no small datagram. @returns `host:port`, of UDP and TCP */
export async function startDnsmasq(context: TestContext, address: string): Promise<string> {
  const port = await freeUdpPort();
  const text = Array.from({ length: 12 }, (_, number) => `${number}${'x'.repeat(200)}`).join(',');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-dnsmasq-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  // In place of the machine's own configuration.
  writeFileSync(join(folder, 'empty.conf'), '');
  const child: ChildProcess = spawn(
    findTool('dnsmasq')!,
    [
      '--keep-in-foreground',
      `--conf-file=${join(folder, 'empty.conf')}`,
      '--pid-file=',
      `--user=${userInfo().username}`,
      `--port=${port}`,
      '--listen-address=127.0.0.1',
      '--bind-interfaces',
      '--no-resolv',
      '--no-hosts',
      `--address=/test/${address}`,
      `--txt-record=long.test,${text}`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  context.after(() => endProcess(child));
  await eventually('dnsmasq listens', () => listens(port));
  return `127.0.0.1:${port}`;
}

/**
 * Asks for all names, one after the other, each from a port of its own.
 * @returns the lines that dig prints with `+short`
 * @throws Error when dig has something else to say: that it had to ask again, or was answered what it had not asked
 */
export async function dig(port: number, names: readonly string[], ...options: readonly string[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-dig-'));
  try {
    const file = join(folder, 'names');
    writeFileSync(file, names.map((name) => `${name}\n`).join(''));
    const args = ['@127.0.0.1', '-p', String(port), '+short', '+timeout=5', ...options, '-f', file];
    const { stdout } = await promisify(execFile)(findTool('dig')!, args, { timeout: DIG_TIMEOUT_MS });
    const lines = stdout.split('\n').filter((line) => line !== '');
    const remarks = lines.filter((line) => line.startsWith(';'));
    if (remarks.length > 0) throw new Error(`dig ${options.join(' ')}: ${remarks.join(' | ')}`);
    return lines;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
