// One side of a session: follows its plan, checks every byte that comes, and says how it went. Judges only what it sees itself.

import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RandomSource } from '../../../packages/dataplane/src/testing/schedule/random-source.ts';
import type { SessionPlan, Side } from './session-plan.ts';
import { StreamBytes } from './stream-bytes.ts';

export interface SideResult {
  readonly sent: string;
  readonly received: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
  /** `end`: the other side has finished in order. `reset`: by this side. Else what went wrong, or a code of the system. */
  readonly outcome: string;
}

export interface Ends {
  readonly socket: Socket;
  /** What is below TLS; else the same. */
  readonly wire: Socket;
  /** The other side of the session, once it is known. */
  readonly other: () => SessionSide | undefined;
}

/** A session that makes no progress in so many looks is stuck. Looks, not time: programs on a busy machine may stand still together. */
const LOOKS_MAX = 600;
const LOOK_EVERY_MS = 50;
const SLOW_MS = 4;

export class SessionSide {
  private readonly socket: Socket;
  private readonly wire: Socket;
  private readonly other: Ends['other'];
  private readonly plan: SessionPlan;
  private readonly side: Side;
  private readonly random: RandomSource;
  private readonly sent: StreamBytes;
  private readonly received: StreamBytes;
  private outcome = '';
  private wake: () => void = () => {};

  constructor({ socket, wire, other }: Ends, plan: SessionPlan, side: Side, random: RandomSource) {
    this.socket = socket;
    this.wire = wire;
    this.other = other;
    this.plan = plan;
    this.side = side;
    this.random = random;
    this.sent = new StreamBytes(plan.number, side === 'client' ? 0 : 1);
    this.received = new StreamBytes(plan.number, side === 'client' ? 1 : 0);
    socket.on('end', () => this.over('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => this.over(error.code ?? error.message));
    socket.on('close', () => this.over('closed'));
    socket.on('drain', () => this.wake());
  }

  get receivedBytes(): number {
    return this.received.count;
  }

  /** @param already bytes that were read before */
  async run(already: Buffer): Promise<SideResult> {
    this.take(already);
    this.socket.on('data', (chunk: Buffer) => this.take(chunk));
    await this.follow();
    const { sent, received } = this;
    return {
      sent: sent.digest(),
      received: received.digest(),
      sentBytes: sent.count,
      receivedBytes: received.count,
      outcome: this.outcome,
    };
  }

  private async follow(): Promise<void> {
    const { steps, reset, ending, tail } = this.plan;
    let expected = 0;
    for (const [index, step] of steps.entries()) {
      const [own, others] = this.side === 'client' ? [step.up, step.down] : [step.down, step.up];
      expected += others;
      if (reset?.by === this.side && reset.step === index) {
        await this.write(Math.floor(own * reset.share), step.piece);
        await this.until(() => this.socket.writableLength === 0);
        while (reset.alone && this.isOpen && this.other()?.receivedBytes !== this.sent.count) await sleep(5);
        this.reset();
        return;
      }
      await Promise.all([this.write(own, step.piece), this.until(() => this.received.count >= expected)]);
      if (this.received.count < expected || !this.isOpen) return;
    }
    if (ending === this.side) this.socket.end();
    while (this.outcome === '') await this.until(() => false);
    if (this.outcome !== 'end') return;
    if (ending !== this.side) await this.write(tail, tail);
    this.socket.end();
    for (let looks = 0; !this.socket.destroyed; await sleep(1)) {
      if (++looks > LOOKS_MAX * LOOK_EVERY_MS) this.fail('is not closed in time');
    }
  }

  private async write(length: number, piece: number): Promise<void> {
    for (let left = length; left > 0 && this.isOpen && !this.socket.writableEnded; ) {
      const bytes = this.sent.take(Math.min(left, piece));
      left -= bytes.length;
      if (!this.socket.write(bytes)) await this.until(() => !this.socket.writableNeedDrain);
      else if (this.random.chance(0.02)) await sleep(0);
    }
  }

  /** The other side may have ended in order, and this one still has something to say. */
  private get isOpen(): boolean {
    return (this.outcome === '' || this.outcome === 'end') && !this.socket.destroyed;
  }

  /** Or it is over. */
  private async until(is: () => boolean): Promise<void> {
    const seen = this.outcome;
    let progress = this.received.count;
    let looks = 0;
    while (!is() && this.outcome === seen && !this.socket.destroyed) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_EVERY_MS);
        const before = this.wake;
        this.wake = () => {
          clearTimeout(timer);
          before();
          resolve();
        };
      });
      this.wake = () => {};
      looks = this.received.count === progress ? looks + 1 : 0;
      progress = this.received.count;
      if (looks > LOOKS_MAX) this.fail(`stuck with ${this.sent.count} sent, ${progress} received`);
    }
  }

  private take(chunk: Buffer): void {
    try {
      this.received.check(chunk);
    } catch (error) {
      this.fail(String(error));
    }
    this.wake();
    if (this.plan.slow !== this.side || !this.random.chance(0.3)) return;
    this.socket.pause();
    setTimeout(() => this.socket.resume(), this.random.whole(0, SLOW_MS));
  }

  /** With RST and nothing else: `resetAndDestroy` of Node 22 ends in order first, and then sets this. */
  private reset(): void {
    this.outcome ||= 'reset';
    Object.assign(this.wire, { resetAndClosing: true });
    this.wire.destroy();
    this.socket.destroy();
  }

  private fail(what: string): void {
    this.outcome = what;
    this.socket.destroy();
    this.wake();
  }

  private over(how: string): void {
    this.outcome ||= how;
    this.wake();
  }
}
