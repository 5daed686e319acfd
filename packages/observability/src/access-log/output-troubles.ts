// Tells an operator about lines that cannot be written, without flooding the log: the first time at once, then once in a
// while, and when it is over. Counts what was lost in between.

/** What the process says; `dropped` is the number of lines lost since the last call. */
export interface OutputReport {
  /** One line has found no room. */
  readonly onDropped?: () => void;
  /** `error` undefined: the target takes lines, but not as fast as they come. */
  readonly onTrouble: (error: NodeJS.ErrnoException | undefined, dropped: number) => void;
  readonly onRecovered: (dropped: number) => void;
  /** The old target stays in use. */
  readonly onReopenFailed: (error: Error) => void;
}

export const WARN_INTERVAL_MS = 60_000;

export class OutputTroubles {
  /** Lines that found no room, since the process began. */
  dropped = 0;
  private readonly report: OutputReport;
  private readonly now: () => number;
  private reported = 0;
  private lastWarningMs = Number.NEGATIVE_INFINITY;
  private open = false;
  private error: NodeJS.ErrnoException | undefined = undefined;

  /** `now`: monotonic milliseconds. */
  constructor(report: OutputReport, now: () => number = () => performance.now()) {
    this.report = report;
    this.now = now;
  }

  lineDropped(): void {
    this.dropped++;
    this.report.onDropped?.();
    this.warn();
  }

  writeFailed(error: NodeJS.ErrnoException): void {
    this.error = error;
    this.warn();
  }

  reopenFailed(error: Error): void {
    this.report.onReopenFailed(error);
  }

  /** Everything that waited has been written. */
  recovered(): void {
    if (!this.open) return;
    this.open = false;
    this.error = undefined;
    // Not forgotten here: whoever fails every second is not told of every second.
    this.report.onRecovered(this.unreported());
  }

  private warn(): void {
    this.open = true;
    const now = this.now();
    if (now - this.lastWarningMs < WARN_INTERVAL_MS) return;
    this.lastWarningMs = now;
    this.report.onTrouble(this.error, this.unreported());
  }

  private unreported(): number {
    const count = this.dropped - this.reported;
    this.reported = this.dropped;
    return count;
  }
}
