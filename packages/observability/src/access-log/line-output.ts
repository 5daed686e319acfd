// Takes whole lines out of the ring and writes them, one write at a time, without ever holding up the loop: collects for a
// moment, tries again after a pause when the target takes nothing, counts what finds no room meanwhile, and moves to a
// newly opened target between two writes. Allocates a timer now and then, nothing per line.

import { LineRing } from './line-ring.ts';
import { LINE_MAX_BYTES, type LogTarget } from './log-target.ts';
import type { OutputTroubles } from './output-troubles.ts';

export interface LineOutputOptions {
  readonly target: LogTarget;
  /** Opens anew what is there now under the same name; undefined: there is nothing to open. */
  readonly open?: () => Promise<LogTarget>;
  readonly troubles: OutputTroubles;
  /** Bytes of lines that may wait; default RING_BYTES. */
  readonly ringBytes?: number;
  /** Lines to collect before they are written; 0: they are written after COLLECT_MS. */
  readonly bufferedLines?: number;
}

export const RING_BYTES = 4 << 20;
/** Lines wait this long for others to be written together with. */
const COLLECT_MS = 10;
/** The same where more lines are to be collected. */
const COLLECT_MAX_MS = 1_000;
/** Written before the loop goes on; only pipes are written to inside of a turn. */
const TURN_BYTES = 64 * 1024;
/** Pauses after nothing was taken: a full pipe may be read in a moment, a full disk is not emptied so soon. */
const BUSY_PAUSE_MS = { first: 1, last: 50 } as const;
const FAULT_PAUSE_MS = { first: 50, last: 1_000 } as const;
/** The descriptor itself is of no use any more; the same name may lead to a better one. */
const REOPENED_AFTER: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ESTALE', 'EBADF']);

export class LineOutput {
  readonly ring: LineRing;
  private readonly options: LineOutputOptions;
  private readonly bufferedLines: number;
  private target: LogTarget;
  private nextTarget: LogTarget | undefined = undefined;
  /** Since the ring was empty. */
  private lines = 0;
  /** A write or a pause is under way. */
  private busy = false;
  /** Bytes that are being written. */
  private inFlight = 0;
  /** `pump` is on the stack, or will be in this turn. */
  private pumping = false;
  /** What waits is to be written now. */
  private due = false;
  /** `onSoon` will be called. */
  private isSoon = false;
  /** Made once and wound up again; it may also go off when there is nothing to do. */
  private collecting: NodeJS.Timeout | undefined = undefined;
  private isCollecting = false;
  private pauseMs = 0;
  private closed = false;
  private readonly whenEmpty = new Set<() => void>();

  constructor(options: LineOutputOptions) {
    this.options = options;
    this.target = options.target;
    this.bufferedLines = options.bufferedLines ?? 0;
    this.ring = new LineRing(options.ringBytes ?? RING_BYTES, LINE_MAX_BYTES);
  }

  /** Longest line that is sure not to be mixed with those of other processes. */
  get lineMaxBytes(): number {
    return this.target.lineMaxBytes;
  }

  /** Where a line may be composed in `ring.bytes`; -1: there is no room, the line is lost and counted. */
  begin(): number {
    const start = this.ring.begin();
    if (start === -1) this.options.troubles.lineDropped();
    return start;
  }

  /** A whole line lies in the ring from `start` to `end`. */
  commit(start: number, end: number): void {
    this.ring.commit(start, end);
    this.lines++;
    if (this.due || this.busy) return;
    if (this.hasCollected()) this.writeSoon();
    else if (!this.isCollecting) this.collect();
  }

  /** Goes on with what is there now under the same name. Resolves when it is opened, or cannot be. */
  reopen(): Promise<void> {
    return this.openAnew((error) => this.options.troubles.reopenFailed(error));
  }

  /** Resolves when nothing waits any more, or after `timeoutMs`. */
  flush(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.whenEmpty.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.whenEmpty.add(done);
      this.writeAll();
    });
  }

  /** Right before the process ends: writes what the target takes at once. What a thread is writing already stays with it. */
  flushNow(): void {
    const { ring, target } = this;
    if (this.closed) return;
    try {
      ring.written(this.inFlight);
      this.inFlight = 0;
      for (let length = ring.next(target.writeMaxBytes); length > 0; length = ring.next(target.writeMaxBytes)) {
        ring.written(target.writeNow(ring.bytes, ring.start, length));
      }
    } catch {
      // Nobody is left to try again.
    }
  }

  /** What still waits is lost. */
  close(): void {
    this.closed = true;
    clearTimeout(this.collecting);
    this.nextTarget?.close();
    this.nextTarget = undefined;
    if (this.inFlight === 0) this.target.close();
  }

  private async openAnew(onFailed: (error: Error) => void): Promise<void> {
    if (this.options.open === undefined) return;
    let target: LogTarget;
    try {
      target = await this.options.open();
    } catch (error) {
      onFailed(error as Error);
      return;
    }
    this.nextTarget?.close();
    this.nextTarget = target;
    if (this.closed) this.close();
    else if (this.inFlight === 0) this.takeNextTarget();
  }

  private hasCollected(): boolean {
    if (this.bufferedLines === 0) return this.ring.size >= this.target.eagerBytes;
    return this.lines >= this.bufferedLines || this.ring.size >= this.ring.bytes.length / 4;
  }

  private collect(): void {
    this.isCollecting = true;
    if (this.collecting === undefined) {
      const waitMs = this.bufferedLines > 0 ? COLLECT_MAX_MS : COLLECT_MS;
      this.collecting = setTimeout(() => this.onCollected(), waitMs).unref();
    } else this.collecting.refresh();
  }

  private onCollected(): void {
    this.isCollecting = false;
    if (this.ring.size > 0 && !this.due) this.writeAll();
  }

  /** Not in the turn that composed the last line: its requests go first. */
  private writeSoon(): void {
    this.due = true;
    if (this.isSoon) return;
    this.isSoon = true;
    setImmediate(this.onSoon);
  }

  private readonly onSoon = (): void => {
    this.isSoon = false;
    this.writeAll();
  };

  private writeAll(): void {
    this.due = true;
    if (!this.busy && !this.pumping) this.pump();
  }

  /** Writes as long as the target takes it within this turn. */
  private pump(): void {
    this.pumping = true;
    const { ring } = this;
    let budget = TURN_BYTES;
    while (!this.busy && !this.closed && ring.size > 0 && budget > 0) {
      const length = ring.next(this.target.writeMaxBytes);
      budget -= length;
      this.busy = true;
      this.inFlight = length;
      this.target.write(ring.bytes, ring.start, length, this.onWritten);
    }
    this.pumping = false;
    if (this.busy || this.closed) return;
    if (ring.size > 0) this.writeSoon();
    else this.onEmpty();
  }

  private readonly onWritten = (error: NodeJS.ErrnoException | null, count: number): void => {
    this.busy = false;
    this.inFlight = 0;
    if (!error && count > 0) {
      this.pauseMs = 0;
      this.ring.written(count);
    } else this.pause(error);
    if (this.closed) this.close();
    else if (this.nextTarget !== undefined) this.takeNextTarget();
    if (!this.busy && !this.pumping && !this.closed) this.pump();
  };

  private onEmpty(): void {
    this.due = false;
    this.lines = 0;
    this.options.troubles.recovered();
    for (const done of [...this.whenEmpty]) done();
  }

  /** Nothing was taken: the lines stay, and the write is tried again. */
  private pause(error: NodeJS.ErrnoException | null): void {
    const isBusy = error === null || error.code === 'EAGAIN';
    const { first, last } = isBusy ? BUSY_PAUSE_MS : FAULT_PAUSE_MS;
    this.pauseMs = Math.min(last, Math.max(first, 2 * this.pauseMs));
    if (!isBusy) this.options.troubles.writeFailed(error);
    // What fails here has been reported as the reason why nothing is written.
    if (!isBusy && (this.target.isUseless === true || REOPENED_AFTER.has(error.code))) void this.openAnew(() => {});
    this.busy = true;
    setTimeout(() => {
      this.busy = false;
      if (!this.closed) this.pump();
    }, this.pauseMs).unref();
  }

  /** Only between two writes. */
  private takeNextTarget(): void {
    if (this.nextTarget === undefined) return;
    this.target.close();
    this.target = this.nextTarget;
    this.nextTarget = undefined;
    // A line that the old target has got in part is whole in the new one.
    this.ring.restartLine();
  }
}
