// Takes new snapshots into use: map, verify in small slices between turns, switch, and unmap the old one when its last
// exchange has ended. A snapshot that does not verify is refused and the one in force stays.
// Runs beside the traffic: no slice may keep the event loop longer than half a millisecond.

import { nextTurn, TurnTimer } from './turn-timer.ts';

/** A snapshot in this process's memory. */
export interface MappedSnapshot<Reader> {
  readonly reader: Reader;
  /** Checks the next slice. @returns true when all is checked. @throws Error when the content is damaged. */
  verifySlice(): boolean;
  /** The reader is unusable afterwards. */
  unmap(): void;
}

export interface SnapshotIntakeOptions<Reader> {
  /** Maps it and reads its header. The descriptor stays the caller's. @throws Error when it cannot be used. */
  readonly map: (descriptor: number, revision: number) => MappedSnapshot<Reader>;
  readonly closeDescriptor: (descriptor: number) => void;
  /** New exchanges use it from now on; `release` is called when the last exchange that started on it has ended. */
  readonly install: (reader: Reader, release: () => void) => void;
  /** `pauseUs`: the longest time the event loop was kept busy by this switch. */
  readonly onSwitched: (revision: number, pauseUs: number) => void;
  readonly onReleased: (revision: number) => void;
  readonly onRefused: (revision: number, reason: string) => void;
  /** Unmapping an old revision took longer than anything in the switch that retired it. */
  readonly onLongerPause: (pauseUs: number) => void;
}

interface Offer {
  readonly revision: number;
  readonly descriptor: number;
  /** Done in the turn in which it comes into force, just before. Throws: the snapshot is refused. */
  readonly before: (() => void) | undefined;
}

export class SnapshotIntake<Reader> {
  private readonly options: SnapshotIntakeOptions<Reader>;
  private waiting: Offer | undefined;
  private working = false;
  private newest = -1;
  private pauseUs = 0;
  /** Between a switch and its report: what happens then is part of the report. */
  private unreported = false;

  constructor(options: SnapshotIntakeOptions<Reader>) {
    this.options = options;
  }

  /** A snapshot is on its way into force, or waits for that. */
  get isBusy(): boolean {
    return this.working;
  }

  /**
   * Takes the descriptor over. One snapshot is worked on at a time; of those that wait only the newest is kept.
   * @param before done in the turn in which it comes into force, just before; when it throws, the snapshot is refused
   */
  async offer(revision: number, descriptor: number, before?: () => void): Promise<void> {
    if (revision <= this.newest) {
      this.skip({ revision, descriptor, before });
      return;
    }
    this.newest = revision;
    if (this.waiting !== undefined) this.skip(this.waiting);
    this.waiting = { revision, descriptor, before };
    if (this.working) return;
    this.working = true;
    while (this.waiting !== undefined) {
      const next: Offer = this.waiting;
      this.waiting = undefined;
      await this.switchTo(next);
    }
    this.working = false;
  }

  /** It never comes into force here, so nothing of it is in use. */
  private skip(offer: Offer): void {
    this.options.closeDescriptor(offer.descriptor);
    this.options.onReleased(offer.revision);
  }

  private async switchTo({ revision, descriptor, before }: Offer): Promise<void> {
    const timer = new TurnTimer();
    const mapped = await this.verify(revision, descriptor, timer);
    if (mapped === undefined) return;
    try {
      timer.run(() => {
        before?.();
        this.options.install(mapped.reader, () => this.releaseLater(revision, mapped));
      });
    } catch (error) {
      mapped.unmap();
      this.options.onRefused(revision, reasonOf(error));
      return;
    }
    // An idle worker releases the old revision right behind the switch; that belongs to the pause.
    this.pauseUs = 0;
    this.unreported = true;
    await nextTurn();
    await nextTurn();
    this.unreported = false;
    this.pauseUs = Math.max(this.pauseUs, timer.longestUs);
    this.options.onSwitched(revision, this.pauseUs);
  }

  private async verify(
    revision: number,
    descriptor: number,
    timer: TurnTimer,
  ): Promise<MappedSnapshot<Reader> | undefined> {
    let mapped: MappedSnapshot<Reader> | undefined;
    try {
      mapped = timer.run(() => this.options.map(descriptor, revision));
      const checked = mapped;
      while (!timer.run(() => checked.verifySlice())) await nextTurn();
      return mapped;
    } catch (error) {
      mapped?.unmap();
      this.options.onRefused(revision, reasonOf(error));
      return undefined;
    } finally {
      this.options.closeDescriptor(descriptor);
    }
  }

  /** A turn later, so that unmapping never adds to the exchange or the switch that ended the use. */
  private releaseLater(revision: number, mapped: MappedSnapshot<Reader>): void {
    setImmediate(() => {
      const timer = new TurnTimer();
      timer.run(() => mapped.unmap());
      if (timer.longestUs > this.pauseUs) {
        this.pauseUs = timer.longestUs;
        if (!this.unreported) this.options.onLongerPause(this.pauseUs);
      }
      this.options.onReleased(revision);
    });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
