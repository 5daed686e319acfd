// Listening and ending for the quickstart's own servers, with an error that names the port.
// Loopback only; nothing of the demonstration is reachable from outside except Sluice itself.

import type { Server } from 'node:http';
import { createServer, type Server as NetServer } from 'node:net';

export function listen(server: NetServer, port: number, host = '127.0.0.1'): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const busy = `port ${port} is in use by another program; stop that one and try again`;
      reject(error.code === 'EADDRINUSE' ? new Error(busy) : error);
    });
    server.listen(port, host, resolve);
  });
}

/** Ends idle and busy connections too. */
export function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/**
 * Sluice shares its ports among its own workers and would happily share one with another Sluice: look first.
 * @throws Error naming the port when it is in use.
 */
export async function requireFreePort(port: number): Promise<void> {
  const probe = createServer();
  try {
    await listen(probe, port, '::');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAFNOSUPPORT') throw error;
    await listen(probe, port, '0.0.0.0');
  }
  await new Promise((resolve) => probe.close(resolve));
}
