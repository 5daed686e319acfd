// A TCP server for tests that deal in bytes: keeps what each connection received and answers as the test says.
// Speaks no protocol of its own, so that it can answer what no decent server would.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { excerpt } from './excerpt.ts';

/** Only how long a failing test takes: machines may be busy. */
const WAIT_MS = 20_000;

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received so far, as latin-1. */
  received: string;
  ended: boolean;
}

/** Called with every piece of data; writes answers to `connection.socket`. */
export type RawHandler = (connection: RawConnection, chunk: string) => void;

export class RawServer {
  readonly connections: RawConnection[] = [];
  handler: RawHandler;
  /** For servers that speak first. */
  onConnection: ((connection: RawConnection) => void) | undefined = undefined;
  private readonly server: Server;

  private constructor(handler: RawHandler) {
    this.handler = handler;
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
  }

  static async start(handler: RawHandler, port = 0): Promise<RawServer> {
    const server = new RawServer(handler);
    server.server.listen(port, '127.0.0.1');
    await once(server.server, 'listening');
    return server;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Bytes of all connections, in order of their acceptance. */
  get received(): string {
    return this.connections.map(({ received }) => received).join('');
  }

  async until(condition: (server: RawServer) => boolean, what = 'what the server expects'): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!condition(this)) {
      if (Date.now() > deadline) throw new Error(`${what} did not come; received ${excerpt(this.received)}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  untilText(text: string): Promise<void> {
    return this.until(({ received }) => received.includes(text), JSON.stringify(text));
  }

  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    if (!this.server.listening) return;
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(socket: Socket): void {
    const connection: RawConnection = { socket, received: '', ended: false };
    this.connections.push(connection);
    this.onConnection?.(connection);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1');
      connection.received += text;
      this.handler(connection, text);
    });
    socket.on('end', () => {
      connection.ended = true;
    });
    socket.on('error', () => {
      connection.ended = true;
    });
  }
}

/** Answers every request head that ends in the received bytes with the same text. */
export function answerHeads(answer: string): RawHandler {
  return (connection, chunk) => {
    const heads = chunk.split('\r\n\r\n').length - 1;
    for (let i = 0; i < heads; i++) connection.socket.write(Buffer.from(answer, 'latin1'));
  };
}
