// The same thing tried again and again while something else happens, each time without waiting for the last one: when each try began and
// ended, and with what. Bounded in tries under way; ends with the test.

import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Probe<Value> {
  /** Of `performance.now`. */
  readonly beganAtMs: number;
  readonly endedAtMs: number;
  readonly value?: Value;
  /** Undefined: it succeeded. */
  readonly failure?: string;
}

const UNDER_WAY_MAX = 50;

export class ProbeSeries<Value> {
  readonly ended: Probe<Value>[] = [];
  private readonly probe: () => Promise<Value>;
  private readonly underWay = new Set<Promise<void>>();
  private isStopped = false;
  private readonly running: Promise<void>;

  static start<Value>(context: TestContext, everyMs: number, probe: () => Promise<Value>): ProbeSeries<Value> {
    const series = new ProbeSeries(everyMs, probe);
    context.after(() => series.stop());
    return series;
  }

  private constructor(everyMs: number, probe: () => Promise<Value>) {
    this.probe = probe;
    this.running = this.run(everyMs);
  }

  get succeeded(): Probe<Value>[] {
    return this.ended.filter(({ failure }) => failure === undefined);
  }

  get failed(): Probe<Value>[] {
    return this.ended.filter(({ failure }) => failure !== undefined);
  }

  /** Of those that succeeded. */
  values(): Value[] {
    return this.succeeded.map(({ value }) => value!);
  }

  /** How often each reason was met. */
  failures(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { failure } of this.failed) counts.set(failure!, (counts.get(failure!) ?? 0) + 1);
    return counts;
  }

  /** Waits for those under way. Again: nothing happens. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.running;
    await Promise.all(this.underWay);
  }

  private async run(everyMs: number): Promise<void> {
    while (!this.isStopped) {
      if (this.underWay.size < UNDER_WAY_MAX) this.begin();
      await sleep(everyMs);
    }
  }

  private begin(): void {
    const beganAtMs = performance.now();
    const tried = this.probe()
      .then(
        (value) => ({ value }),
        (error: Error) => ({ failure: error.message }),
      )
      .then((outcome) => {
        this.ended.push({ beganAtMs, endedAtMs: performance.now(), ...outcome });
        this.underWay.delete(tried);
      });
    this.underWay.add(tried);
  }
}
