// Says that clients are turned away, or get nothing from a server: the first time at once, then once in a while how many there were.
// A flood of clients must not become a flood of lines.

import type { CatalogueEntry } from '@sluice/errors';
import type { Logger } from 'pino';

const SILENCE_MS = 10_000;
/** Kinds and subjects remembered; whoever comes back after that is told once more. */
export const SUBJECTS_MAX = 1000;

interface Told {
  quietUntilMs: number;
  /** Since the last line. */
  unsaid: number;
}

export class RefusalLog {
  private readonly log: Logger;
  private readonly entryPoint: string;
  private readonly told = new Map<string, Told>();

  constructor(log: Logger, entryPoint: string) {
    this.log = log;
    this.entryPoint = entryPoint;
  }

  /**
   * @param client its address.
   * @param about further fields of a line that is written now.
   * @param subject what it is about, a server for one: each is told of by itself.
   */
  refused(
    entry: CatalogueEntry,
    client: string,
    nowMs: number,
    about?: Readonly<Record<string, unknown>>,
    subject = '',
  ): void {
    const told = this.toldOf(subject === '' ? entry.code : `${entry.code} ${subject}`);
    if (nowMs < told.quietUntilMs) {
      told.unsaid++;
      return;
    }
    const earlier = told.unsaid === 0 ? undefined : told.unsaid;
    const { entryPoint } = this;
    this.log[entry.logLevel]({ code: entry.code, entryPoint, client, earlier, ...about }, entry.meaning);
    told.quietUntilMs = nowMs + SILENCE_MS;
    told.unsaid = 0;
  }

  private toldOf(key: string): Told {
    let told = this.told.get(key);
    if (told !== undefined) return told;
    if (this.told.size >= SUBJECTS_MAX) this.told.delete(this.told.keys().next().value as string);
    told = { quietUntilMs: Number.NEGATIVE_INFINITY, unsaid: 0 };
    this.told.set(key, told);
    return told;
  }
}
