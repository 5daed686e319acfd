// A load far below what the proxy can take, at a steady pace, that knows the fate of every request: latency without
// queueing, and what a reload loses. Argument: a SteadyPlan as JSON. Prints a SteadyResult. A program of its own.

import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from '../report/statistics.ts';
import { AnswerReader } from './answer-reader.ts';
import { get, requestText } from './load-request.ts';
import type { SteadyPlan, SteadyResult } from './steady-plan.ts';

const plan = JSON.parse(process.argv[2]!) as SteadyPlan;
const ANSWER_TIMEOUT_MS = 10_000;
const REQUEST = requestText(get('/', { host: plan.host }));
const deadline = performance.now() + plan.seconds * 1000;
const latenciesUs: number[] = [];
const counts = { sent: 0, answered: 0, wrong: 0, unanswered: 0, cut: 0, refused: 0 };

class Client {
  isOpen = false;
  private readonly socket: Socket;
  private readonly reader = new AnswerReader();
  private sentAt = 0;
  private settle: (() => void) | undefined;

  constructor() {
    this.socket = connect(plan.port, '127.0.0.1');
    this.socket.setNoDelay(true);
    // A request without an answer must have a fate too.
    this.socket.setTimeout(ANSWER_TIMEOUT_MS, () => this.socket.destroy());
    this.socket.on('data', (bytes) => this.take(bytes));
    // The end and the error of a connection are one event here: it is closed.
    this.socket.on('error', () => {});
    this.socket.on('close', () => this.closed());
  }

  opened(): Promise<void> {
    return new Promise((resolve) => {
      this.socket.once('connect', () => {
        this.isOpen = true;
      });
      this.socket.once('connect', resolve).once('close', resolve);
    });
  }

  /** Resolves when its fate is known. */
  request(): Promise<void> {
    return new Promise((resolve) => {
      this.settle = resolve;
      counts.sent++;
      this.sentAt = performance.now();
      this.socket.write(REQUEST);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    if (this.settle === undefined || !this.reader.take(bytes)) return;
    latenciesUs.push((performance.now() - this.sentAt) * 1000);
    if (this.reader.status === 200) counts.answered++;
    else counts.wrong++;
    const mustClose = this.reader.mustClose;
    this.reader.reset();
    if (mustClose) this.drop();
    this.finish();
  }

  private closed(): void {
    this.isOpen = false;
    if (this.settle === undefined) return;
    if (this.reader.hasBegun) counts.cut++;
    else counts.unanswered++;
    this.finish();
  }

  private drop(): void {
    this.isOpen = false;
    this.socket.destroy();
  }

  private finish(): void {
    const { settle } = this;
    this.settle = undefined;
    settle?.();
  }
}

async function connection(index: number): Promise<void> {
  // Spread, so that the connections do not march in step.
  await sleep((plan.pauseMs * index) / plan.connections);
  let client: Client | undefined;
  while (performance.now() < deadline) {
    if (client === undefined || !client.isOpen) {
      client = new Client();
      await client.opened();
      if (!client.isOpen) counts.refused++;
    }
    if (client.isOpen) await client.request();
    await sleep(plan.pauseMs);
  }
  client?.close();
}

await Promise.all(Array.from({ length: plan.connections }, (_, index) => connection(index)));
latenciesUs.sort((a, b) => a - b);
const result: SteadyResult = {
  ...counts,
  p50Us: quantile(latenciesUs, 0.5),
  p99Us: quantile(latenciesUs, 0.99),
  p999Us: quantile(latenciesUs, 0.999),
  maxUs: latenciesUs.at(-1) ?? Number.NaN,
};
process.stdout.write(`${JSON.stringify(result)}\n`);
