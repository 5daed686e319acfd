// A port that nobody listens on at the moment, for programs that cannot be told to choose one themselves, and for servers that are not
// there. Not one of those that the kernel gives to sockets without a port: many tests run at a time, and would take it in between.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

/** Below are those of known services. */
const FIRST = 12_000;
const LAST = 32_000;
const ATTEMPTS = 500;
/** Neighbours among processes begin this far from each other. */
const STRIDE = 61;

let taken = 0;

/** Another one each time, in this process. @throws Error when none is found. */
export async function freePort(): Promise<number> {
  const count = lastOwn() - FIRST;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = FIRST + ((process.pid * STRIDE + taken++) % count);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${FIRST} to ${FIRST + count - 1} is free, of ${ATTEMPTS} that were tried`);
}

/** Below where the kernel begins to choose; where it chooses everywhere, there is nothing to keep apart. */
function lastOwn(): number {
  const firstOfKernel = Number.parseInt(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8'), 10);
  return firstOfKernel < FIRST + ATTEMPTS ? LAST : Math.min(LAST, firstOfKernel);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
