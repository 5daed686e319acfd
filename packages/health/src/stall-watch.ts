// Whether this process itself has stood still for a while: stopped, starved, or busy with something long. Timers then fire before what has
// arrived meanwhile is read, so that a server looks silent which is not. Judges no server.

const BEAT_MS = 100;
/** Beyond a beat. Less is what any busy process does. */
const STALL_MS = 150;

export class StallWatch {
  private readonly now: () => number;
  private readonly timer: NodeJS.Timeout;
  private beatAtMs: number;
  private stalledAtMs = Number.NEGATIVE_INFINITY;

  /** @param now as `performance.now` */
  constructor(now: () => number = () => performance.now()) {
    this.now = now;
    this.beatAtMs = now();
    this.timer = setInterval(() => this.beat(), BEAT_MS).unref();
  }

  /** @param sinceMs of the clock that it was given */
  hasStalledSince(sinceMs: number): boolean {
    // The timer of whoever asks may have come first.
    this.beat();
    return this.stalledAtMs >= sinceMs;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private beat(): void {
    const now = this.now();
    if (now - this.beatAtMs > BEAT_MS + STALL_MS) this.stalledAtMs = now;
    this.beatAtMs = now;
  }
}
