// A session of Node's own HTTP/2 client over TLS: asks on many streams, remembers how it ended and whether the other end has said
// that it goes.

import { type ClientHttp2Session, connect } from 'node:http2';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { eventually } from './eventually.ts';
import type { TlsReach } from './tls-client.ts';

export interface StreamAnswer {
  /** 0: none came. */
  readonly status: number;
  readonly body: string;
  /** Empty when the stream ended well. */
  readonly failure: string;
}

/** Node counts bodies that were not sent to their end, and makes no new streams beyond its default of ten. */
const MEMORY_MAX_MB = 1_000;

export class Http2Session {
  readonly session: ClientHttp2Session;
  /** Of its own end of the connection; 0 before it is connected. */
  port = 0;
  /** Code of the GOAWAY that has come; -1: none has. */
  goaway = -1;
  /** Empty while it stands. */
  end = '';
  private readonly name: string;

  constructor(context: TestContext, { port, name, ca }: TlsReach) {
    this.name = name;
    this.session = connect(`https://127.0.0.1:${port}`, {
      ca,
      servername: name,
      maxSessionMemory: MEMORY_MAX_MB,
    });
    context.after(() => this.session.destroy());
    this.session.on('connect', (_, socket) => {
      this.port = (socket as Socket).localPort ?? 0;
    });
    this.session.on('goaway', (code) => {
      this.goaway = code;
    });
    this.session.on('error', (error) => {
      this.end ||= error.message;
    });
    this.session.on('close', () => {
      this.end ||= 'closed';
    });
  }

  async connected(): Promise<this> {
    await eventually('an end of the handshake', () => this.port !== 0 || this.end !== '');
    if (this.port === 0) throw new Error(`no session: ${this.end}`);
    return this;
  }

  /** Never rejects. */
  ask(path: string, body?: Buffer): Promise<StreamAnswer> {
    return new Promise((resolve) => {
      if (this.session.closed || this.session.destroyed) {
        resolve({ status: 0, body: '', failure: 'the session is over' });
        return;
      }
      const method = body === undefined ? 'GET' : 'POST';
      const stream = this.session.request({ ':path': path, ':method': method, ':authority': this.name });
      let status = 0;
      let text = '';
      let failure = '';
      stream.setEncoding('latin1');
      stream.on('response', (headers) => {
        status = headers[':status'] ?? 0;
      });
      stream.on('data', (chunk: string) => {
        text += chunk;
      });
      stream.on('error', (error) => {
        failure = error.message;
      });
      stream.on('close', () => {
        if (stream.rstCode !== 0) failure ||= `reset with ${stream.rstCode}`;
        if (status === 0) failure ||= 'no answer';
        resolve({ status, body: text, failure });
      });
      stream.end(body);
    });
  }
}
