// A network of its own for a test file: routes, sizes of packets and rates can be set in it without touching anybody. The kernel removes
// it with its last process. Only for tests whose sockets are all in their own process.

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { findTool, requireTools } from '../../../native-bench/src/lab/tools.ts';

const MARK = 'SLUICE_TEST_OWN_NETWORK';
const TOOLS = [
  { command: 'unshare', debianPackage: 'util-linux' },
  { command: 'ip', debianPackage: 'iproute2' },
  { command: 'tc', debianPackage: 'iproute2' },
];

/**
 * To be called before a test file describes anything: begins the file again in a new network whose loopback is up. Needs root, or a
 * kernel that lets users make namespaces; where it may not, the file fails with what `unshare` says.
 * @throws Error in one sentence when a program is missing and cannot be installed.
 */
export function enterOwnNetwork(): void {
  if (process.env[MARK] !== undefined) {
    // Not for children of this process: they are in it already, and may want another one.
    delete process.env[MARK];
    ip('link', 'set', 'lo', 'up');
    return;
  }
  requireTools(TOOLS, (line) => process.stderr.write(`${line}\n`));
  const user = process.getuid!() === 0 ? [] : ['--map-root-user'];
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve!(findTool('unshare')!, ['unshare', '--net', ...user, ...again], { ...process.env, [MARK]: '1' });
}

/** Configures addresses, routes and links of the own network. @throws Error with what `ip` says */
export function ip(...values: readonly string[]): void {
  run('ip', values);
}

/**
 * From now on loopback takes so many bytes a second, all senders together and in their order; what waits for it is charged to
 * its sender's socket. `burstBytes`, at least the longest packet, pass at once after a silence.
 */
export function limitLoopback(bytesPerSecond: number, burstBytes: number): void {
  const rate = ['rate', `${bytesPerSecond}bps`, 'burst', String(burstBytes), 'limit', '64mb'];
  run('tc', ['qdisc', 'replace', 'dev', 'lo', 'root', 'tbf', ...rate]);
}

/** Loopback takes everything at once again; what waits is lost. */
export function unlimitLoopback(): void {
  run('tc', ['qdisc', 'replace', 'dev', 'lo', 'root', 'noqueue']);
}

/** A control below `/proc/sys/net`, such as `ipv4/tcp_rmem`. */
export function setNetworkControl(name: string, value: string): void {
  writeFileSync(`/proc/sys/net/${name}`, value);
}

function run(command: string, values: readonly string[]): void {
  execFileSync(findTool(command)!, values, { stdio: ['ignore', 'ignore', 'pipe'] });
}
