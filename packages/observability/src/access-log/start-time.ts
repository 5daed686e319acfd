// The moment at which a request began, as lines show it. One for each format, set for every line.

import { SecondText } from './second-text.ts';

const NANOSECONDS = 1_000_000;

export class StartTime {
  /** Whole seconds since 1970. */
  second = 0;
  /** Of that second; exact as far as the clock is. */
  nanoseconds = 0;
  readonly text = new SecondText();

  /** `wallMs`: milliseconds since 1970. */
  set(wallMs: number): void {
    const second = Math.floor(wallMs / 1000);
    this.second = second;
    this.nanoseconds = ((wallMs - second * 1000) * NANOSECONDS) | 0;
    this.text.show(second);
  }
}
