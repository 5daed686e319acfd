// The server of a random schedule: answers every request as the plan says whose number its target bears, and notes whatever
// it receives that no plan would send.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type ExchangePlan, framed } from './exchange-plan.ts';
import { type MessageHead, MessageReader } from './message-reader.ts';
import { writeInPieces } from './paced-writer.ts';
import { RandomSource } from './random-source.ts';
import { resetSocket } from './reset-socket.ts';

export class ScriptedOrigin {
  readonly violations: string[] = [];
  /** How often each exchange's head has arrived. */
  readonly arrivals = new Map<number, number>();
  private readonly plans: ReadonlyMap<number, ExchangePlan>;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;
  private connections = 0;

  private constructor(plans: ReadonlyMap<number, ExchangePlan>) {
    this.plans = plans;
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
  }

  static async start(plans: ReadonlyMap<number, ExchangePlan>): Promise<ScriptedOrigin> {
    const origin = new ScriptedOrigin(plans);
    origin.server.listen(0, '127.0.0.1');
    await once(origin.server, 'listening');
    return origin;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private accept(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    const connection = new OriginConnection(this, this.plans, socket, new RandomSource(++this.connections));
    socket.on('data', (chunk) => connection.receive(chunk));
    socket.on('end', () => connection.ended());
    socket.on('error', () => {});
    socket.on('close', () => this.sockets.delete(socket));
  }
}

class OriginConnection {
  private readonly origin: ScriptedOrigin;
  private readonly plans: ReadonlyMap<number, ExchangePlan>;
  private readonly socket: Socket;
  private readonly random: RandomSource;
  private readonly reader: MessageReader;
  private plan: ExchangePlan | undefined = undefined;
  private received = 0;
  private answering: Promise<void> | undefined = undefined;

  constructor(origin: ScriptedOrigin, plans: ReadonlyMap<number, ExchangePlan>, socket: Socket, random: RandomSource) {
    this.origin = origin;
    this.plans = plans;
    this.socket = socket;
    this.random = random;
    this.reader = new MessageReader({
      onHead: (head) => this.onHead(head),
      onBody: (bytes) => this.onBody(bytes),
      onMessageEnd: () => this.onMessageEnd(),
    });
  }

  receive(chunk: Buffer): void {
    try {
      this.reader.push(chunk);
    } catch (error) {
      this.violate(String(error));
      this.socket.destroy();
    }
  }

  ended(): void {
    if (this.answering === undefined) this.socket.end();
  }

  private onHead({ firstLine, fields }: MessageHead): boolean | 'rest' {
    const match = /^([A-Z]+) \/id\/(\d+) HTTP\/1\.1$/.exec(firstLine);
    const plan = match === null ? undefined : this.plans.get(Number(match[2]));
    if (plan === undefined || plan.method !== match![1]) throw new Error(`no plan sends ${JSON.stringify(firstLine)}`);
    if (this.answering !== undefined) throw new Error(`request ${plan.id} came before ${this.plan!.id} was answered`);
    if (fields.get('x-real-ip') !== '127.0.0.1') throw new Error(`request ${plan.id} has not our fields`);
    this.plan = plan;
    this.received = 0;
    this.origin.arrivals.set(plan.id, (this.origin.arrivals.get(plan.id) ?? 0) + 1);
    if (plan.upgrade) {
      if (fields.get('upgrade') !== 'echo') throw new Error(`request ${plan.id} lost its upgrade`);
      this.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
      return 'rest';
    }
    if (plan.expects && this.random.chance(0.7)) this.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
    if (plan.early) this.answer(plan);
    return true;
  }

  private onBody(bytes: Buffer): void {
    const plan = this.plan!;
    const expected = plan.requestBody.subarray(this.received, this.received + bytes.length);
    if (!expected.equals(bytes)) throw new Error(`the body of ${plan.id} is wrong after ${this.received} bytes`);
    this.received += bytes.length;
    if (!plan.upgrade) return;
    if (plan.serverFails === 'never') this.socket.write(bytes);
    else resetSocket(this.socket);
  }

  private onMessageEnd(): void {
    const plan = this.plan!;
    if (this.received !== plan.requestBody.length)
      throw new Error(`the body of ${plan.id} ends after ${this.received}`);
    if (!plan.early) this.answer(plan);
  }

  private answer(plan: ExchangePlan): void {
    this.answering = this.write(plan).then(() => {
      this.answering = undefined;
    });
  }

  private async write(plan: ExchangePlan): Promise<void> {
    const { socket } = this;
    if (plan.thinks > 0) await new Promise((resolve) => setTimeout(resolve, plan.thinks));
    const interim = `HTTP/1.1 103 Early Hints\r\nX-Id: ${plan.id}\r\n\r\n`.repeat(plan.interim);
    const head = Buffer.from(
      `${interim}HTTP/1.1 ${plan.status} Planned\r\nX-Id: ${plan.id}\r\n${framingLines(plan)}\r\n`,
    );
    const body = framed(plan.responseFraming, plan.responseBody, plan.pieces);
    const message = Buffer.concat([head, body]);
    // A request that is sent again finds the server well.
    const fails = this.origin.arrivals.get(plan.id) === 1 ? plan.serverFails : 'never';
    const stop = {
      never: message.length,
      after: message.length,
      before: 0,
      head: this.random.whole(1, head.length - 1),
      body: head.length + this.random.whole(0, Math.max(0, body.length - 1)),
    }[fails];
    await writeInPieces(socket, message.subarray(0, stop), plan.pieces, this.random);
    if (fails === 'never' && plan.responseFraming !== 'close') return;
    if (fails !== 'never' && plan.serverEnd === 'reset') resetSocket(socket);
    else socket.end();
  }

  private violate(what: string): void {
    this.origin.violations.push(`server: ${what}`);
  }
}

function framingLines(plan: ExchangePlan): string {
  if (plan.responseFraming === 'length') return `Content-Length: ${plan.responseBody.length}\r\n`;
  if (plan.responseFraming === 'chunked') return 'Transfer-Encoding: chunked\r\n';
  return plan.responseFraming === 'close' ? 'Connection: close\r\n' : '';
}
