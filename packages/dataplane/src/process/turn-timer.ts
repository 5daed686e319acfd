// Measures synchronous sections: how long one piece of work keeps the event loop busy. Keeps the longest. Processor time of this
// thread counts and not the clock: what other processes take from a busy machine meanwhile is not the work's doing.

import { threadCpuUs } from '@sluice/native';

export class TurnTimer {
  private longest = 0;

  /** Microseconds of the longest section so far, rounded up. */
  get longestUs(): number {
    return Math.ceil(this.longest);
  }

  run<Result>(section: () => Result): Result {
    const fromUs = threadCpuUs();
    try {
      return section();
    } finally {
      this.longest = Math.max(this.longest, threadCpuUs() - fromUs);
    }
  }
}

/** Lets everything that waits (sockets, timers, messages) have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
