// A growing array of 32-bit words, the material sections are made of. Kept and reset from snapshot to snapshot: memory
// outside of the JavaScript heap is costly to get and to give back.

export class WordList {
  length = 0;
  private words: Uint32Array;

  constructor(capacity = 1024) {
    this.words = new Uint32Array(capacity);
  }

  /** Empties it; what `view` returned before is overwritten by what comes. */
  reset(): void {
    this.length = 0;
  }

  push(word: number): void {
    if (this.length === this.words.length) this.grow(this.length + 1);
    this.words[this.length++] = word;
  }

  pushAll(words: ArrayLike<number>): void {
    const end = this.length + words.length;
    if (end > this.words.length) this.grow(end);
    this.words.set(words, this.length);
    this.length = end;
  }

  /** A float64 as two words. */
  pushFloat(value: number): void {
    FLOAT[0] = value;
    this.pushAll(FLOAT_WORDS);
  }

  get(index: number): number {
    return this.words[index]!;
  }

  set(index: number, word: number): void {
    this.words[index] = word;
  }

  /** The words written so far; valid until the next push or reset. */
  view(): Uint32Array {
    return this.words.subarray(0, this.length);
  }

  private grow(needed: number): void {
    const larger = new Uint32Array(Math.max(needed, this.words.length * 2));
    larger.set(this.words.subarray(0, this.length));
    this.words = larger;
  }
}

const FLOAT = new Float64Array(1);
const FLOAT_WORDS = new Uint32Array(FLOAT.buffer);
