// A bounded ring of bytes that holds whole lines: composed at its end, written from its beginning. A line never wraps
// around: where the room up to the end of the memory could be too short, lines go on at its start.
// No I/O and no time: when to write is decided by line-output.ts. Allocates nothing.

const NEW_LINE = 0x0a;

export class LineRing {
  readonly bytes: Buffer;
  private readonly lineMaxBytes: number;
  /** First byte that is kept: always the first of a line. */
  private head = 0;
  /** Where the next line is composed. */
  private tail = 0;
  /** Where the lines before the turn end; -1: there was no turn. */
  private turn = -1;
  /** Bytes of the line at `head` that have been written already. */
  private partial = 0;

  /** A line may have up to `lineMaxBytes`. @throws RangeError when not even two of them would fit. */
  constructor(capacityBytes: number, lineMaxBytes: number) {
    if (capacityBytes < 2 * lineMaxBytes) throw new RangeError('a ring must have room for two lines');
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
    this.lineMaxBytes = lineMaxBytes;
  }

  /** Bytes that wait to be written. */
  get size(): number {
    const held = this.turn === -1 ? this.tail - this.head : this.turn - this.head + this.tail;
    return held - this.partial;
  }

  /** Where the next line may be composed, with room for the longest one; -1 when there is none. */
  begin(): number {
    const { head, tail, turn, lineMaxBytes } = this;
    if (turn !== -1) return head - tail >= lineMaxBytes ? tail : -1;
    if (this.bytes.length - tail >= lineMaxBytes) return tail;
    return head >= lineMaxBytes ? 0 : -1;
  }

  /** Keeps what was composed from `start`, which `begin` gave, to `end`: one line with its line end. */
  commit(start: number, end: number): void {
    if (start !== this.tail) this.turn = this.tail;
    this.tail = end;
  }

  /** Where the next bytes to be written begin. */
  get start(): number {
    return this.head + this.partial;
  }

  /** How many bytes from `start` can be written in one go, whole lines as far as `max` allows. */
  next(max: number): number {
    const { start } = this;
    const end = this.turn === -1 ? this.tail : this.turn;
    if (end - start <= max) return end - start;
    const last = this.bytes.lastIndexOf(NEW_LINE, start + max - 1);
    return last >= start ? last + 1 - start : max;
  }

  /** The first `count` bytes from `start` have been written. */
  written(count: number): void {
    const from = this.head;
    const to = from + this.partial + count;
    const last = count === 0 ? -1 : this.bytes.lastIndexOf(NEW_LINE, to - 1);
    this.head = last >= from ? last + 1 : from;
    this.partial = to - this.head;
    if (this.head === this.turn) {
      this.head = 0;
      this.turn = -1;
    } else if (this.turn === -1 && this.head === this.tail) {
      this.head = 0;
      this.tail = 0;
    }
  }

  /** The line that was written in part will be written as a whole, to somewhere else. */
  restartLine(): void {
    this.partial = 0;
  }
}
