// One client connection of a random schedule: sends its exchanges one after the other or ahead of the answers, and notes
// every answer that is not the one planned for that very request.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type ExchangePlan, framed } from './exchange-plan.ts';
import { type MessageHead, MessageReader } from './message-reader.ts';
import { writeInPieces } from './paced-writer.ts';
import type { RandomSource } from './random-source.ts';
import { resetSocket } from './reset-socket.ts';

/** Only how long a failing test takes: machines may be busy. */
const WAIT_MS = 60_000;

interface Waiting {
  readonly plan: ExchangePlan;
  readonly answered: () => void;
}

export class ScriptedClient {
  readonly violations: string[] = [];
  /** Exchanges whose planned answer came whole. */
  completed = 0;
  /** Answers of the proxy itself, by status. */
  readonly refusals = new Map<number, number>();
  private readonly socket: Socket;
  private readonly random: RandomSource;
  private readonly arrivals: ReadonlyMap<number, number>;
  private readonly reader: MessageReader;
  private readonly waiting: Waiting[] = [];
  private bytes = 0;
  private status = 0;
  private own = false;
  /** Something has happened after which the proxy may close this connection at any moment. */
  private mayEnd = false;
  private left = false;
  /** Number and status of the exchanges so far, for messages. */
  private readonly history: string[] = [];
  private switched = () => {};
  private continued = () => {};

  private constructor(socket: Socket, random: RandomSource, arrivals: ReadonlyMap<number, number>) {
    this.socket = socket;
    this.random = random;
    this.arrivals = arrivals;
    this.reader = new MessageReader({
      onHead: (head) => this.onHead(head),
      onBody: (bytes) => this.onBody(bytes),
      onMessageEnd: () => this.onMessageEnd(),
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('end', () => this.ended(true));
    socket.on('error', () => {});
    socket.on('close', () => this.ended(false));
  }

  /** @param arrivals how often the server has met each exchange */
  static async open(
    port: number,
    random: RandomSource,
    arrivals: ReadonlyMap<number, number>,
  ): Promise<ScriptedClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    await once(socket, 'connect');
    return new ScriptedClient(socket, random, arrivals);
  }

  /** Runs the exchanges until all are answered or the connection has ended; then closes. */
  async run(plans: readonly ExchangePlan[], pipelined: boolean): Promise<void> {
    const answers: Promise<void>[] = [];
    for (const plan of plans) {
      if (this.isOver) break;
      const answer = this.answerTo(plan);
      await this.send(plan);
      if (pipelined && !plan.upgrade) answers.push(answer);
      else await answer;
    }
    await Promise.all(answers);
    this.leave('fin');
    this.socket.destroy();
  }

  private get isOver(): boolean {
    return this.left || this.socket.destroyed || this.socket.readableEnded;
  }

  private async answerTo(plan: ExchangePlan): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((answered) => {
      this.waiting.push({ plan, answered });
      timer = setTimeout(() => {
        this.violate(`${plan.id} got no answer within ${WAIT_MS} ms: ${describe(plan)}`);
        this.leave('reset');
      }, WAIT_MS);
    });
    clearTimeout(timer);
  }

  private async send(plan: ExchangePlan): Promise<void> {
    const switched = new Promise<void>((resolve) => {
      this.switched = resolve;
    });
    const continued = new Promise<void>((resolve) => {
      this.continued = resolve;
    });
    const head = Buffer.from(headOf(plan));
    const body = plan.upgrade ? plan.requestBody : framed(plan.requestFraming, plan.requestBody, plan.pieces);
    const leaves = plan.clientLeaves;
    const stop = leaves?.when === 'sending' ? Math.floor((head.length + body.length) * leaves.share) : Infinity;
    // Some wait to be asked for the body, but not for long.
    const waits = plan.expects && stop > head.length && this.random.chance(0.7);
    if (waits) {
      this.socket.write(head);
      await Promise.race([continued, new Promise((resolve) => setTimeout(resolve, 30))]);
      await writeInPieces(this.socket, body.subarray(0, stop - head.length), plan.pieces, this.random);
    } else {
      await writeInPieces(this.socket, Buffer.concat([head, body]).subarray(0, stop), plan.pieces, this.random);
    }
    if (leaves?.when === 'sending') this.leave(leaves.how);
    else if (plan.upgrade) {
      await switched;
      if (!this.left) this.socket.end();
    }
  }

  private receive(chunk: Buffer): void {
    if (this.left) return;
    try {
      this.reader.push(chunk);
    } catch (error) {
      this.violate(String(error));
      this.leave('reset');
    }
  }

  private onHead({ firstLine, fields }: MessageHead): boolean | 'rest' {
    if (this.left) return 'rest';
    const [current] = this.waiting;
    if (current === undefined) throw new Error(`an answer to nothing: ${firstLine}`);
    const { plan } = current;
    this.status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(firstLine)?.[1] ?? Number.NaN);
    const id = fields.get('x-id');
    if (id !== undefined && id !== String(plan.id)) throw new Error(`${plan.id} got the answer to ${id}`);
    this.own = id === undefined && this.status !== 101 && this.status !== 100;
    if (fields.get('connection') === 'close') this.mayEnd = true;
    this.bytes = 0;
    if (this.status === 101) {
      if (!plan.upgrade) throw new Error(`${plan.id} was switched`);
      this.switched();
      return 'rest';
    }
    this.continued();
    if (this.status < 200) return false;
    if (this.own) this.checkRefusal(plan);
    else if (this.status !== plan.status) throw new Error(`${plan.id} got ${this.status} instead of ${plan.status}`);
    return plan.method !== 'HEAD' && this.status !== 204 && this.status !== 304;
  }

  /** The proxy may answer itself only where the server failed, perhaps on a connection that it had just closed. */
  private checkRefusal(plan: ExchangePlan): void {
    this.refusals.set(this.status, (this.refusals.get(this.status) ?? 0) + 1);
    const safe = !plan.upgrade && (plan.method === 'GET' || plan.method === 'HEAD');
    const failed = plan.serverFails !== 'never' && plan.serverFails !== 'body';
    const expected =
      failed || (plan.serverFails === 'body' && plan.serverEnd === 'reset') || (!safe && this.status === 502);
    if (!expected) throw new Error(`${plan.id} was answered ${this.status} by the proxy: ${describe(plan)}`);
    if (plan.requestFraming !== 'none') this.mayEnd = true;
  }

  private onBody(bytes: Buffer): void {
    if (this.left) return;
    const { plan } = this.waiting[0]!;
    if (!this.own) {
      const body = plan.upgrade ? plan.requestBody : plan.responseBody;
      const expected = body.subarray(this.bytes, this.bytes + bytes.length);
      if (!expected.equals(bytes)) throw new Error(`the answer to ${plan.id} is wrong after ${this.bytes} bytes`);
    }
    this.bytes += bytes.length;
    const leaves = plan.clientLeaves;
    if (leaves?.when === 'receiving' && this.bytes >= plan.responseBody.length * leaves.share) this.leave(leaves.how);
  }

  private onMessageEnd(): void {
    if (this.left || this.status < 200) return;
    const { plan, answered } = this.waiting.shift()!;
    // At once: whoever waits must go on also when a check below throws.
    answered();
    // What it has sent for the tunnel is read as requests now.
    if (plan.upgrade) this.leave('fin');
    if (!this.own) {
      if (this.bytes !== plan.responseBody.length) throw new Error(`the answer to ${plan.id} ends after ${this.bytes}`);
      if (plan.serverFails === 'head' || plan.serverFails === 'before') {
        // Only on a second connection can it have been answered at all.
        if (plan.method !== 'GET' && plan.method !== 'HEAD') throw new Error(`${plan.id} was answered after a failure`);
      } else if (
        plan.serverFails === 'body' &&
        framed(plan.responseFraming, plan.responseBody, plan.pieces).length > 0
      ) {
        // A reset can overtake all that was sent before it: then a safe request is asked again, and the server is well.
        if (this.arrivals.get(plan.id) === 1)
          throw new Error(`${plan.id} looks complete, but the server had broken off`);
      }
      this.completed++;
    }
    this.history.push(`${plan.upgrade ? 'upgrade ' : ''}${plan.id}: ${this.own ? 'own ' : ''}${this.status}`);
    if (plan.early || plan.closes) this.mayEnd = true;
    if (plan.clientLeaves?.when === 'receiving') this.leave(plan.clientLeaves.how);
  }

  private ended(orderly: boolean): void {
    if (this.waiting.length > 0 && !this.left) this.judgeEnd(orderly);
    this.release();
    if (!this.socket.destroyed) this.socket.end();
  }

  private judgeEnd(orderly: boolean): void {
    const { plan } = this.waiting[0]!;
    if (plan.upgrade && this.status === 101) {
      if (orderly && this.bytes !== plan.requestBody.length)
        this.violate(`the tunnel of ${plan.id} ends after ${this.bytes}`);
      return;
    }
    const cut = plan.serverFails !== 'never' || plan.early;
    if (!cut && !this.mayEnd)
      this.violate(
        `the connection ended (${orderly ? 'fin' : 'reset'}) before the answer to ${plan.id}: ${describe(plan)}`,
      );
  }

  private leave(how: 'fin' | 'reset'): void {
    if (this.left) return;
    this.left = true;
    if (how === 'fin') this.socket.end();
    else resetSocket(this.socket);
    this.release();
  }

  /** Nothing will come any more: whoever waits goes on. */
  private release(): void {
    this.switched();
    this.continued();
    for (const { answered } of this.waiting.splice(0)) answered();
  }

  private violate(what: string): void {
    this.violations.push(`client: ${what}; before: ${this.history.join(', ')}`);
  }
}

function headOf(plan: ExchangePlan): string {
  const framing = {
    none: plan.method === 'POST' || plan.method === 'PUT' ? 'Content-Length: 0\r\n' : '',
    length: `Content-Length: ${plan.requestBody.length}\r\n`,
    chunked: 'Transfer-Encoding: chunked\r\n',
  }[plan.requestFraming];
  const upgrade = plan.upgrade ? 'Connection: Upgrade\r\nUpgrade: echo\r\n' : '';
  const closes = plan.closes && !plan.upgrade ? 'Connection: close\r\n' : '';
  const expects = plan.expects ? 'Expect: 100-continue\r\n' : '';
  return `${plan.method} /id/${plan.id} HTTP/1.1\r\nHost: test\r\n${framing}${upgrade}${closes}${expects}\r\n`;
}

function describe({ requestBody, responseBody, ...rest }: ExchangePlan): string {
  return JSON.stringify({ ...rest, requestBytes: requestBody.length, responseBytes: responseBody.length });
}
