// A TCP server for tests that says what it is told to say, and keeps what it hears.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface AnsweringServer {
  readonly port: number;
  /** Everything that clients have sent. */
  heard(): Buffer;
}

/** @param onBytes for everything that comes. @param onConnect before anything came */
export async function startAnswering(
  context: TestContext,
  onBytes: (socket: Socket, bytes: Buffer) => void,
  onConnect: (socket: Socket) => void = () => {},
): Promise<AnsweringServer> {
  const heard: Buffer[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (bytes) => {
      heard.push(bytes);
      onBytes(socket, bytes);
    });
    onConnect(socket);
  }).listen(0, '127.0.0.1');
  context.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, heard: () => Buffer.concat(heard) };
}
