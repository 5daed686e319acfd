// A TCP client for tests that deal in bytes: writes what it is told, waits for what it expects, keeps everything.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { excerpt } from './excerpt.ts';

/** Only how long a failing test takes: machines may be busy. */
const WAIT_MS = 20_000;

export class RawClient {
  readonly socket: Socket;
  /** Everything received so far, as latin-1. */
  received = '';
  /** The peer has finished sending (FIN or RST). */
  ended = false;
  /** Error code when the connection broke (`ECONNRESET`). */
  errorCode: string | undefined = undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.errorCode = error.code;
    });
    socket.on('close', () => {
      this.ended = true;
    });
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host, allowHalfOpen: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  write(text: string): this {
    this.socket.write(Buffer.from(text, 'latin1'));
    return this;
  }

  /** Resolves once `received` satisfies the condition. @throws Error saying what had come when it did not in time. */
  async until(condition: (received: string) => boolean, what = 'the expected bytes'): Promise<string> {
    const deadline = Date.now() + WAIT_MS;
    while (!condition(this.received)) {
      if (Date.now() > deadline) throw new Error(`${what} did not come; received ${excerpt(this.received)}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return this.received;
  }

  untilText(text: string): Promise<string> {
    return this.until((received) => received.includes(text), JSON.stringify(text));
  }

  /** Resolves once a whole head and `bodyBytes` of body have come. */
  untilBody(bodyBytes: number): Promise<string> {
    return this.until((received) => {
      const head = received.indexOf('\r\n\r\n');
      return head !== -1 && received.length >= head + 4 + bodyBytes;
    }, `a head and ${bodyBytes} bytes`);
  }

  untilEnd(): Promise<string> {
    return this.until(() => this.ended, 'the end of the connection');
  }

  close(): void {
    this.socket.destroy();
  }
}
