// A target whose every answer the test decides: how much a write takes, when it answers, and which error it gives.
// Keeps everything it has taken.

import { LINE_MAX_BYTES, type LogTarget, type WriteDone } from '../log-target.ts';

/** What one write does: takes that many bytes, or fails with that code. */
export type WriteOutcome = number | string;

export interface MemoryTargetOptions {
  readonly writeMaxBytes?: number;
  readonly lineMaxBytes?: number | undefined;
  readonly eagerBytes?: number;
  /** Asked for every write of so many bytes; default: all are taken. */
  readonly onWrite?: (length: number) => WriteOutcome;
  /** The answer comes within `write` (as for pipes) or in a later turn (as for files, the default). */
  readonly answersAtOnce?: boolean;
}

export class MemoryTarget implements LogTarget {
  readonly writeMaxBytes: number;
  readonly lineMaxBytes: number;
  readonly eagerBytes: number;
  /** One character a byte. */
  text = '';
  /** Number of bytes each write was asked to take. */
  readonly writes: number[] = [];
  /** Of each write, what it was given. */
  readonly pieces: string[] = [];
  isClosed = false;
  private isBusy = false;
  private readonly options: MemoryTargetOptions;

  constructor(options: MemoryTargetOptions = {}) {
    this.options = options;
    this.writeMaxBytes = options.writeMaxBytes ?? 256 * 1024;
    this.lineMaxBytes = options.lineMaxBytes ?? LINE_MAX_BYTES;
    this.eagerBytes = options.eagerBytes ?? this.writeMaxBytes / 2;
  }

  get lines(): string[] {
    return this.text.split('\n').slice(0, -1);
  }

  write(bytes: Buffer, from: number, length: number, done: WriteDone): void {
    if (this.isClosed) throw new Error('written to after it was closed');
    if (this.isBusy) throw new Error('two writes at a time');
    if (length > this.writeMaxBytes || length <= 0) throw new Error(`a write of ${length} bytes`);
    this.writes.push(length);
    this.pieces.push(bytes.toString('latin1', from, from + length));
    const outcome = this.options.onWrite?.(length) ?? length;
    const answer = () => {
      this.isBusy = false;
      if (typeof outcome === 'string') done(Object.assign(new Error(outcome), { code: outcome }), 0);
      else {
        // Read only now: whoever changes bytes under a write in flight is found out.
        this.text += bytes.toString('latin1', from, from + outcome);
        done(null, outcome);
      }
    };
    if (this.options.answersAtOnce === true) {
      answer();
      return;
    }
    this.isBusy = true;
    setImmediate(answer);
  }

  writeNow(bytes: Buffer, from: number, length: number): number {
    this.text += bytes.toString('latin1', from, from + length);
    return length;
  }

  close(): void {
    if (this.isBusy) throw new Error('closed during a write');
    this.isClosed = true;
  }
}
