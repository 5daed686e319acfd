// Bounds how many checks run at once in this process; the others wait in order. A waiting one can leave the queue.
// What costs is the beginning of a check. One that merely waits for an answer makes room for others after a moment, up to a bound for
// descriptors: a hundred servers that are silent must not keep the news of one that has become the primary from anybody.

export interface CheckQueueLimits {
  /** Checks that run and are not patient yet; at least 1. */
  readonly runningMax: number;
  /** All that run; at least `runningMax`. */
  readonly startedMax: number;
  /** After so long a check is patient. */
  readonly patientAfterMs: number;
}

export class CheckQueue {
  private readonly limits: CheckQueueLimits;
  private readonly waiting = new Set<() => Promise<void>>();
  private startedCount = 0;
  private patientCount = 0;

  constructor(limits: CheckQueueLimits) {
    this.limits = limits;
  }

  /** Patient ones included. */
  get running(): number {
    return this.startedCount;
  }

  /** Runs `job` when there is room, perhaps at once. A job must not reject and waits at most once. */
  add(job: () => Promise<void>): void {
    this.waiting.add(job);
    this.fill();
  }

  /** Takes a waiting job out; a running one is not touched. */
  remove(job: () => Promise<void>): void {
    this.waiting.delete(job);
  }

  private fill(): void {
    const { runningMax, startedMax } = this.limits;
    for (const job of this.waiting) {
      if (this.startedCount >= startedMax || this.startedCount - this.patientCount >= runningMax) return;
      this.waiting.delete(job);
      void this.run(job);
    }
  }

  private async run(job: () => Promise<void>): Promise<void> {
    this.startedCount++;
    let isPatient = false;
    const timer = setTimeout(() => {
      isPatient = true;
      this.patientCount++;
      this.fill();
    }, this.limits.patientAfterMs).unref();
    await job();
    clearTimeout(timer);
    this.startedCount--;
    if (isPatient) this.patientCount--;
    this.fill();
  }
}
