// A port that nobody listens on at the moment, for programs that cannot be told to choose one themselves.
// Another program may take it in between; a test that meets this fails with a clear error and can be repeated.

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
