// Limits how often one provider's configurations are applied: the first passes at once, then at most one per interval, and of
// those that come meanwhile the newest wins.

export class Throttle<Value> {
  private readonly intervalMs: number;
  private readonly deliver: (value: Value) => void;
  private waiting: { readonly value: Value } | undefined;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  /** @param intervalMs 0: everything passes at once. */
  constructor(intervalMs: number, deliver: (value: Value) => void) {
    this.intervalMs = intervalMs;
    this.deliver = deliver;
  }

  offer(value: Value): void {
    if (this.closed) return;
    if (this.timer !== undefined) {
      this.waiting = { value };
      return;
    }
    if (this.intervalMs > 0) this.timer = setTimeout(() => this.elapsed(), this.intervalMs);
    this.deliver(value);
  }

  /** What waits is dropped. */
  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.waiting = undefined;
  }

  private elapsed(): void {
    this.timer = undefined;
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined) this.offer(waiting.value);
  }
}
