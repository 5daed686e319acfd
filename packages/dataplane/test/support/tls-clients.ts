// Clients of Node's own TLS for tests of the data path: connect, ask, tell what they saw. All of them are closed by `closeClients`.

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { authority, NAME } from './made-tls.ts';

const open: net.Socket[] = [];

export function closeClients(): void {
  const sockets = open.splice(0);
  // Not from within an event of a socket's handshake: Node would free what its OpenSSL is just using.
  setImmediate(() => {
    for (const socket of sockets) socket.destroy();
  });
}

/** A connection whose first bytes the test decides. */
export async function rawSocket(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  open.push(socket);
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.setNoDelay(true);
  return socket;
}

export function tlsSocket(port: number, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: NAME, ca: authority.chain, ...options });
  open.push(socket);
  socket.on('error', () => {});
  return socket;
}

/** With the handshake done. @throws what it failed with */
export async function secured(port: number, options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
  const socket = tlsSocket(port, options);
  await once(socket, 'secureConnect');
  return socket;
}

/** What a handshake is refused with; undefined: with nothing, the connection just ended. */
export async function refusal(port: number, options: tls.ConnectionOptions = {}): Promise<string | undefined> {
  const socket = tlsSocket(port, options);
  return new Promise((resolve, reject) => {
    socket.on('secureConnect', () => {
      // TLS 1.3: a client may hear of its refusal only afterwards.
      socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    });
    socket.on('data', () => reject(new Error('the server has answered')));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code} ${error.message}`));
    socket.on('close', () => resolve(undefined));
  });
}

/** Writes, and resolves with everything received since once it contains `until`. */
export function ask(socket: net.Socket, text: string, until: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const done = (): void => {
      socket.off('data', onData);
      socket.off('close', onClose);
      socket.resume();
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.toString('latin1');
      if (!received.includes(until)) return;
      done();
      resolve(received);
    };
    const onClose = (): void => {
      done();
      reject(new Error(`closed after ${JSON.stringify(received.slice(0, 200))}`));
    };
    socket.on('data', onData);
    socket.on('close', onClose);
    socket.write(text);
  });
}
