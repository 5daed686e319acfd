// A client that makes one new connection after the other for as long as a test lasts, and counts what it gets.

import { setTimeout as sleep } from 'node:timers/promises';
import { get } from './http.ts';

const PAUSE_MS = 2;

export class ClientLoop {
  served = 0;
  readonly failures: string[] = [];
  private stopped = false;
  private readonly done: Promise<void>;

  constructor(port: number, isRight: (body: string) => boolean = () => true) {
    this.done = this.run(port, isRight);
  }

  /** Resolves when so many more were served. */
  async more(count: number): Promise<void> {
    const goal = this.served + count;
    while (this.served < goal) await sleep(PAUSE_MS);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.done;
  }

  private async run(port: number, isRight: (body: string) => boolean): Promise<void> {
    while (!this.stopped) {
      try {
        const { status, body } = await get(port);
        if (status === 200 && isRight(body)) this.served++;
        else this.failures.push(`status ${status}: ${body}`);
      } catch (error) {
        this.failures.push((error as NodeJS.ErrnoException).code ?? String(error));
      }
      await sleep(PAUSE_MS);
    }
  }
}
