// A helper program's standard output as lines, awaited one after the other.

import { createInterface } from 'node:readline';
import type { LabProcess } from '../lab/processes.ts';

export class LineClient {
  private readonly lines: AsyncIterator<string>;
  private readonly process: LabProcess;

  constructor(process: LabProcess) {
    this.process = process;
    this.lines = createInterface({ input: process.child.stdout! })[Symbol.asyncIterator]();
  }

  /** @throws Error when the program ends instead. */
  async next(): Promise<string> {
    const { value, done } = await this.lines.next();
    if (done === true) throw this.process.failure('ended early');
    return value;
  }

  /** Tells the program something. */
  say(line: string): void {
    this.process.child.stdin!.write(`${line}\n`);
  }

  /** Tells the program to finish. */
  endInput(): void {
    this.process.child.stdin!.end();
  }
}
