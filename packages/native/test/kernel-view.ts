// What the kernel says about this process and its sockets, for tests to compare with: descriptors, maps, timers.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;

/** Open descriptors of this process. */
export function openDescriptorCount(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Those of them that are ends of pipes. */
export function openPipeEndCount(): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => isPipeEnd(`/proc/self/fd/${descriptor}`)).length;
}

function isPipeEnd(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('pipe:');
  } catch {
    // The folder's own descriptor: it was open while it was read.
    return false;
  }
}

/** Status and descriptor flags together, as in `/proc/self/fdinfo`. */
export function descriptorFlags(descriptor: number): number {
  const match = /^flags:\s+([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'));
  return Number.parseInt(match![1]!, 8);
}

/** Maps of the memfd with that name in this process. */
export function mapCount(name: string): number {
  return readFileSync('/proc/self/maps', 'utf8').split(`/memfd:${name} `).length - 1;
}

/** The kernel still has an end of an IPv4 connection: a reset one is forgotten at once, one with a FIN is not. */
export function knowsConnection(localPort: number, remotePort: number): boolean {
  return connectionLines(localPort, remotePort).length > 0;
}

/** Hundredths of seconds until the keep-alive timer of the IPv4 connection fires; -1 when that timer does not run. */
export function keepAliveTimer(localPort: number, remotePort: number): number {
  const [line] = connectionLines(localPort, remotePort);
  const [kind, when] = line?.[5]?.split(':') ?? [];
  return kind === '02' ? Number.parseInt(when!, 16) : -1;
}

function connectionLines(localPort: number, remotePort: number): string[][] {
  const lines = readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1);
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return fields.filter(([, local, remote]) => portOf(local) === localPort && portOf(remote) === remotePort);
}

function portOf(address: string | undefined): number {
  return Number.parseInt(address?.split(':')[1] ?? '', 16);
}
