// A port on the loopback address that nobody listens on at the moment. Another program may take it in between; the one
// who was to listen on it then fails with a clear error, and the measurement is repeated in the next round.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

export const LOOPBACK = '127.0.0.1';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, LOOPBACK);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
