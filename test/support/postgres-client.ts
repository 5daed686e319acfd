// A client of PostgreSQL's protocol (version 3.0) that is small enough to know when each of its steps happens: one connection, simple
// queries, a password shown as it is. Over TLS when it is given such a socket. Not for anything but tests.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface PostgresLogin {
  readonly user: string;
  readonly password: string;
  readonly database?: string;
}

export interface PostgresReach extends PostgresLogin {
  readonly port: number;
  /** For everything until it may ask. Default 5,000. */
  readonly timeoutMs?: number;
}

interface Message {
  readonly type: string;
  readonly body: Buffer;
}

const VERSION = 0x0003_0000;
const Authentication = { OK: 0, CLEARTEXT: 3 } as const;

export class PostgresClient {
  /** Empty while the connection stands. */
  end = '';
  private readonly socket: Socket;
  private received: Buffer = Buffer.alloc(0);
  private wake = (): void => {};

  /** Plain, on loopback. @throws Error with what the server says, or what became of the connection */
  static async open({ port, timeoutMs = 30_000, ...login }: PostgresReach): Promise<PostgresClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const timer = setTimeout(() => socket.destroy(new Error(`not logged in within ${timeoutMs} ms`)), timeoutMs);
    try {
      await once(socket, 'connect');
      return await PostgresClient.over(socket, login);
    } finally {
      clearTimeout(timer);
    }
  }

  /** On a connection that is there. */
  static async over(socket: Socket, login: PostgresLogin): Promise<PostgresClient> {
    const client = new PostgresClient(socket);
    await client.logIn(login);
    return client;
  }

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.received = Buffer.concat([this.received, chunk]);
      this.wake();
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.ended(error.code ?? error.message));
    socket.on('close', () => this.ended('closed'));
  }

  /** @returns the first value of the first row; empty: there is none */
  async query(sql: string): Promise<string> {
    this.send('Q', Buffer.from(`${sql}\0`));
    return this.untilReady();
  }

  close(): void {
    this.socket.destroy();
  }

  private ended(reason: string): void {
    this.end ||= reason;
    this.wake();
  }

  private async logIn({ user, password, database = 'postgres' }: PostgresLogin): Promise<void> {
    const version = Buffer.alloc(4);
    version.writeUInt32BE(VERSION);
    this.send('', Buffer.concat([version, Buffer.from(`user\0${user}\0database\0${database}\0\0`)]));
    for (;;) {
      const { type, body } = await this.message();
      if (type === 'E') throw new Error(textOf(body));
      if (type !== 'R') throw new Error(`a message ${type} in place of authentication`);
      const kind = body.readUInt32BE(0);
      if (kind === Authentication.OK) break;
      if (kind !== Authentication.CLEARTEXT) throw new Error(`authentication ${kind} is wanted`);
      this.send('p', Buffer.from(`${password}\0`));
    }
    await this.untilReady();
  }

  private async untilReady(): Promise<string> {
    let value = '';
    let problem: Error | undefined;
    for (;;) {
      const { type, body } = await this.message();
      if (type === 'E') problem ??= new Error(textOf(body));
      if (type === 'D' && value === '') value = body.toString('utf8', 6, 6 + Math.max(0, body.readInt32BE(2)));
      if (type !== 'Z') continue;
      if (problem !== undefined) throw problem;
      return value;
    }
  }

  private async message(): Promise<Message> {
    for (;;) {
      const { received } = this;
      const end = received.length < 5 ? Number.POSITIVE_INFINITY : 1 + received.readUInt32BE(1);
      if (received.length >= end) {
        this.received = received.subarray(end);
        return { type: received.toString('latin1', 0, 1), body: received.subarray(5, end) };
      }
      if (this.end !== '') throw new Error(this.end);
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private send(type: string, body: Buffer): void {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length + 4);
    this.socket.write(Buffer.concat([Buffer.from(type), length, body]));
  }
}

/** Code and words of an error. */
function textOf(body: Buffer): string {
  const parts = body.toString('utf8').split('\0');
  const field = (letter: string) => parts.find((part) => part.startsWith(letter))?.slice(1) ?? '';
  return `${field('C')} ${field('M')}`;
}
