// Measures synchronous sections: how long one piece of work keeps the event loop busy. Keeps the longest.

export class TurnTimer {
  private longest = 0;

  /** Microseconds of the longest section so far, rounded up. */
  get longestUs(): number {
    return Math.ceil(this.longest * 1000);
  }

  run<Result>(section: () => Result): Result {
    const from = performance.now();
    try {
      return section();
    } finally {
      this.longest = Math.max(this.longest, performance.now() - from);
    }
  }
}

/** Lets everything that waits (sockets, timers, messages) have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
