// A network of the benchmark's own, where root may make one: nobody else's ports and connections, and congestion control that does not
// pace. BBR, the default of some machines, sets a timer for each segment on loopback: a cost that is the same for everybody and hides
// most of the differences. The kernel removes the network with its last process.

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { findTool } from './tools.ts';

/** Its value is what reports say. */
const MARK = 'SLUICE_BENCH_OWN_NETWORK';
/** The kernel's own default. */
const CONGESTION_CONTROL = 'cubic';
const CONTROLS = '/proc/sys/net/ipv4';
/**
 * Ports of both sides of connections. The 28,232 of the default, each of which has to rest for a second or two, are what limits new
 * connections at 14,000 a second, whoever takes them.
 */
const PORTS = '1024 65535';
const LOOPBACK_ROUTES = ['127.0.0.0/8', '127.0.0.1'];

/** Begins the program again in a new network; there, sets it up. Where none can be made, the machine's is used. */
export function enterOwnNetwork(): void {
  if (process.env[MARK] !== undefined) {
    setUp();
    return;
  }
  const [unshare, ip] = [findTool('unshare'), findTool('ip')];
  if (process.getuid!() !== 0 || unshare === undefined || ip === undefined) return;
  // Containers often forbid it even to root.
  if (spawnSync(unshare, ['--net', 'true'], { stdio: 'ignore' }).status !== 0) return;
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve!(unshare, ['unshare', '--net', ...again], { ...process.env, [MARK]: '1' });
}

/** For reports. */
export function describeNetwork(): string {
  const own = process.env[MARK] !== undefined;
  const [where, control] = own
    ? ['a network namespace of its own', CONGESTION_CONTROL]
    : ['the machine', readControl('tcp_congestion_control')];
  return `loopback of ${where}, ${control}, local ports ${readControl('ip_local_port_range').replace(/\s+/, ' to ')}`;
}

function setUp(): void {
  const ip = findTool('ip')!;
  const run = (...values: string[]) => execFileSync(ip, values, { stdio: ['ignore', 'ignore', 'pipe'] });
  run('link', 'set', 'lo', 'up');
  // Controls of the kernel are read-only in many containers; routes are not.
  try {
    writeFileSync(`${CONTROLS}/ip_local_port_range`, PORTS);
  } catch {
    // The report says how many there are.
  }
  for (const route of LOOPBACK_ROUTES) {
    const local = [
      'local',
      route,
      'dev',
      'lo',
      'proto',
      'kernel',
      'scope',
      'host',
      'src',
      '127.0.0.1',
      'table',
      'local',
    ];
    run('route', 'replace', ...local, 'congctl', CONGESTION_CONTROL);
  }
}

function readControl(name: string): string {
  return readFileSync(`${CONTROLS}/${name}`, 'latin1').trim();
}
