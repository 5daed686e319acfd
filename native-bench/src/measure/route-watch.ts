// When does a new route begin to work? Asks for the oldest one that does not work yet, on a new connection each time, until
// it does. Several changes may be under way; each is timed from its own writing.

import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from '../load/ask.ts';

const PROBE_TIMEOUT_MS = 5_000;

export class RouteWatch {
  /** Milliseconds from writing to working, in the order of writing. */
  readonly effectsMs: number[] = [];
  private readonly port: number;
  private readonly intervalMs: number;
  private readonly pending: { readonly host: string; readonly writtenAt: number }[] = [];
  private readonly idleHost: string | undefined;
  private running = true;
  private readonly loop: Promise<void>;

  /** @param idleHost asked for while nothing is pending, so that watching costs the same all the time. */
  constructor(port: number, intervalMs: number, idleHost?: string) {
    this.port = port;
    this.intervalMs = intervalMs;
    this.idleHost = idleHost;
    this.loop = this.run();
  }

  /** The route is being written now. */
  expect(host: string): void {
    this.pending.push({ host, writtenAt: performance.now() });
  }

  /** How many do not work yet when the time is over; 0 as soon as all do. */
  async settled(timeoutMs: number): Promise<number> {
    const deadline = performance.now() + timeoutMs;
    while (this.pending.length > 0 && performance.now() < deadline) await sleep(this.intervalMs);
    return this.pending.length;
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.loop;
  }

  private async run(): Promise<void> {
    while (this.running) {
      const [oldest] = this.pending;
      const host = oldest?.host ?? this.idleHost;
      if (host !== undefined && (await this.works(host)) && oldest !== undefined) {
        this.effectsMs.push(performance.now() - oldest.writtenAt);
        this.pending.shift();
        // The next one may work already: ask at once.
        continue;
      }
      await sleep(this.intervalMs);
    }
  }

  private async works(host: string): Promise<boolean> {
    try {
      const { status } = await ask({ port: this.port, headers: { Host: host }, timeoutMs: PROBE_TIMEOUT_MS });
      return status === 200;
    } catch {
      // Refused or cut while a proxy changes over: it does not work yet. Losses are counted by the load, not here.
      return false;
    }
  }
}
