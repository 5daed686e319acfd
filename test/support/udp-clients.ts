// Many UDP clients, each with a socket of its own: they ask, and wait for the answer to what they asked. A datagram may be lost where
// processes come and go, so a question is asked again. Judges nothing.

import dgram from 'node:dgram';
import { once } from 'node:events';
import type { TestContext } from 'node:test';

const ASK_AGAIN_MS = 2_000;
const ATTEMPTS = 8;

export class UdpClient {
  readonly socket: dgram.Socket;
  /** Questions that had to be asked again. */
  repeated = 0;
  private readonly port: number;
  private readonly askAgainMs: number;
  private number = 0;

  private constructor(socket: dgram.Socket, port: number, askAgainMs: number) {
    this.socket = socket;
    this.port = port;
    this.askAgainMs = askAgainMs;
  }

  static async open(port: number, askAgainMs = ASK_AGAIN_MS): Promise<UdpClient> {
    const socket = dgram.createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new UdpClient(socket, port, askAgainMs);
  }

  /** @returns the name of the server that has answered. @throws Error when none does. */
  async ask(): Promise<string> {
    const text = `q${++this.number}`;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) this.repeated++;
      const answer = this.answerTo(text);
      this.socket.send(text, this.port, '127.0.0.1');
      const name = await answer;
      if (name !== undefined) return name;
    }
    throw new Error(`no answer to ${ATTEMPTS} datagrams`);
  }

  private answerTo(text: string): Promise<string | undefined> {
    return new Promise((resolve) => {
      const finish = (name: string | undefined) => {
        clearTimeout(timer);
        this.socket.off('message', onMessage);
        resolve(name);
      };
      const onMessage = (bytes: Buffer) => {
        const [name, question] = bytes.toString().split(':');
        if (question === text) finish(name);
      };
      const timer = setTimeout(finish, this.askAgainMs, undefined);
      this.socket.on('message', onMessage);
    });
  }
}

export class UdpClients {
  readonly all: readonly UdpClient[];

  /** Closed with the test. @param askAgainMs how long an answer may take before it is taken for lost */
  static async open(context: TestContext, port: number, count: number, askAgainMs?: number): Promise<UdpClients> {
    const all: UdpClient[] = [];
    context.after(() => {
      for (const { socket } of all) socket.close();
    });
    for (let i = 0; i < count; i++) all.push(await UdpClient.open(port, askAgainMs));
    return new UdpClients(all);
  }

  private constructor(all: readonly UdpClient[]) {
    this.all = all;
  }

  /** Each asks once, a few at a time. @returns who has answered, in their order. */
  async askAll(atOnce = 50): Promise<string[]> {
    const names: string[] = [];
    for (let from = 0; from < this.all.length; from += atOnce) {
      names.push(...(await Promise.all(this.all.slice(from, from + atOnce).map((client) => client.ask()))));
    }
    return names;
  }

  get repeated(): number {
    return this.all.reduce((sum, { repeated }) => sum + repeated, 0);
  }
}

/**
 * Answers each datagram with `<name>:<datagram>`.
 * @param showsPort with `<name>/<port>:<datagram>`, the port being the one it came from: another for each flow of a proxy
 * @returns its address
 */
export async function startUdpServer(context: TestContext, name: string, showsPort = false): Promise<string> {
  const socket = dgram.createSocket({ type: 'udp4', recvBufferSize: 4 * 1024 * 1024 });
  context.after(() => socket.close());
  socket.on('message', (bytes, { port, address }) => {
    socket.send(`${showsPort ? `${name}/${port}` : name}:${bytes}`, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return `127.0.0.1:${socket.address().port}`;
}
