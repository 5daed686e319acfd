// Bounds how many checks run at once in this process; the others wait in order. A waiting one can leave the queue.

export class CheckQueue {
  private readonly runningMax: number;
  private readonly waiting = new Set<() => Promise<void>>();
  private runningCount = 0;

  /** @param runningMax at least 1. */
  constructor(runningMax: number) {
    this.runningMax = runningMax;
  }

  get running(): number {
    return this.runningCount;
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
    for (const job of this.waiting) {
      if (this.runningCount >= this.runningMax) return;
      this.waiting.delete(job);
      this.runningCount++;
      void job().finally(() => {
        this.runningCount--;
        this.fill();
      });
    }
  }
}
