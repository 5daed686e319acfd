// One TLS client of Node that speaks HTTP/1.1 in it: shakes hands, asks, counts answers, keeps its session, and knows how its
// connection ended. Verifies the certificate it is shown.

import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls';
import { eventually } from './eventually.ts';

export interface TlsReach {
  readonly port: number;
  readonly name: string;
  /** PEM of who signed the certificate. */
  readonly ca: Buffer;
}

const TIMEOUT_MS = 60_000;

export class TlsClient {
  readonly socket: TLSSocket;
  /** Of its own end; 0 before the handshake is over. */
  port = 0;
  answers = 0;
  /** Empty while the connection stands. */
  end = '';
  /** The last one that the server gave. */
  session: Buffer | undefined;
  private isSecure = false;
  private readonly request: string;

  constructor({ port, name, ca }: TlsReach, options: ConnectionOptions = {}) {
    this.request = `GET / HTTP/1.1\r\nHost: ${name}\r\n\r\n`;
    this.socket = connect({ port, host: '127.0.0.1', servername: name, ca, ...options });
    this.socket.on('secureConnect', () => {
      this.isSecure = true;
      this.port = this.socket.localPort ?? 0;
    });
    this.socket.on('session', (session: Buffer) => {
      this.session = session;
    });
    this.socket.on('data', (chunk: Buffer) => {
      this.answers += chunk.toString('latin1').split('HTTP/1.1 200 ').length - 1;
    });
    this.socket.on('error', (error: NodeJS.ErrnoException) => {
      this.end ||= error.code ?? error.message;
    });
    this.socket.on('close', () => {
      this.end ||= 'closed';
    });
  }

  /** Serial number of the certificate that it was shown, in hexadecimal digits. */
  get serial(): string {
    return this.socket.getPeerCertificate().serialNumber;
  }

  /** @throws AssertionError when the handshake fails or takes too long. */
  async secured(): Promise<this> {
    await eventually('an end of the handshake', () => this.isSecure || this.end !== '', TIMEOUT_MS);
    if (!this.isSecure) throw new Error(`the handshake failed: ${this.end}`);
    return this;
  }

  /** Asks, and waits until so many answers are there in all. */
  async ask(answers = this.answers + 1): Promise<void> {
    this.socket.write(this.request);
    await eventually(
      () => `answer ${answers} (${this.end})`,
      () => this.answers >= answers || this.end !== '',
      TIMEOUT_MS,
    );
    if (this.answers < answers) throw new Error(`no answer: ${this.end}`);
  }

  close(): void {
    this.socket.destroy();
  }
}
