// Says that clients are turned away: the first one at once, then once in a while how many there were. A flood of clients must
// not become a flood of lines.

import type { CatalogueEntry } from '@sluice/errors';
import type { Logger } from 'pino';

const SILENCE_MS = 10_000;

interface Told {
  quietUntilMs: number;
  /** Since the last line. */
  unsaid: number;
}

export class RefusalLog {
  private readonly log: Logger;
  private readonly entryPoint: string;
  private readonly told = new Map<CatalogueEntry, Told>();

  constructor(log: Logger, entryPoint: string) {
    this.log = log;
    this.entryPoint = entryPoint;
  }

  /** @param client its address. @param about further fields of a line that is written now. */
  refused(entry: CatalogueEntry, client: string, nowMs: number, about?: Readonly<Record<string, unknown>>): void {
    const told = this.told.get(entry) ?? { quietUntilMs: Number.NEGATIVE_INFINITY, unsaid: 0 };
    this.told.set(entry, told);
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
}
