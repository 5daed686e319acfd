// What lines are written to: an open descriptor that is written to without ever holding up the event loop.
// When to write, and what to do when it fails, is the business of line-output.ts.

import { close, write, writeSync } from 'node:fs';

/** `error`: why nothing more was taken. `count`: bytes that were. Called once, also before `write` returns. */
export type WriteDone = (error: NodeJS.ErrnoException | null, count: number) => void;

export interface LogTarget {
  /** Most bytes of one write; a longer one could be mixed with what other processes write. */
  readonly writeMaxBytes: number;
  readonly lineMaxBytes: number;
  /** Bytes from which waiting for more lines gains nothing. */
  readonly eagerBytes: number;
  /** No write will ever succeed; only opening anew can help. */
  readonly isUseless?: boolean;
  write(bytes: Buffer, from: number, length: number, done: WriteDone): void;
  /** For the end of the process. @throws as the system call; returns how many bytes were taken. */
  writeNow(bytes: Buffer, from: number, length: number): number;
  close(): void;
}

/** The longest line there is, with all that may be in it; see `VALUE_MAX_BYTES` and `CAPTURE_MAX_BYTES`. */
export const LINE_MAX_BYTES = 128 * 1024;
/** PIPE_BUF of Linux: writes up to this long go into a pipe as a whole or not at all (pipe(7)). */
export const ATOMIC_BYTES = 4096;
/** Large enough to make a write cheap, small enough to be in the processor's cache still when the kernel copies it. */
const FILE_WRITE_MAX_BYTES = 64 * 1024;
const STDOUT = 1;

/** A file on a disk: the kernel keeps appends of several processes apart; a slow disk keeps a thread of the pool waiting. */
export class FileTarget implements LogTarget {
  readonly writeMaxBytes: number;
  readonly lineMaxBytes: number;
  readonly eagerBytes: number;
  private readonly descriptor: number;

  constructor(descriptor: number, writeMaxBytes = FILE_WRITE_MAX_BYTES) {
    this.descriptor = descriptor;
    this.writeMaxBytes = writeMaxBytes;
    this.lineMaxBytes = Math.min(LINE_MAX_BYTES, writeMaxBytes);
    this.eagerBytes = writeMaxBytes / 2;
  }

  write(bytes: Buffer, from: number, length: number, done: WriteDone): void {
    write(this.descriptor, bytes, from, length, null, done);
  }

  writeNow(bytes: Buffer, from: number, length: number): number {
    return writeSync(this.descriptor, bytes, from, length, null);
  }

  close(): void {
    if (this.descriptor !== STDOUT) close(this.descriptor, () => {});
  }
}

/**
 * A pipe or terminal, opened without blocking: a reader that stands still costs an error code and never a thread, which
 * would also keep the process from ending.
 */
export class StreamTarget implements LogTarget {
  readonly writeMaxBytes = ATOMIC_BYTES;
  readonly lineMaxBytes = ATOMIC_BYTES;
  readonly eagerBytes = 4 * ATOMIC_BYTES;
  private readonly descriptor: number;

  /** The descriptor must have been opened with O_NONBLOCK. */
  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  write(bytes: Buffer, from: number, length: number, done: WriteDone): void {
    let count: number;
    try {
      count = writeSync(this.descriptor, bytes, from, length, null);
    } catch (error) {
      done(error as NodeJS.ErrnoException, 0);
      return;
    }
    done(null, count);
  }

  writeNow(bytes: Buffer, from: number, length: number): number {
    return writeSync(this.descriptor, bytes, from, length, null);
  }

  close(): void {
    close(this.descriptor, () => {});
  }
}

/** Stands for what could not be opened. Lines wait for a better one. */
export class UselessTarget implements LogTarget {
  readonly writeMaxBytes = FILE_WRITE_MAX_BYTES;
  readonly lineMaxBytes = ATOMIC_BYTES;
  readonly eagerBytes = FILE_WRITE_MAX_BYTES;
  readonly isUseless = true;
  private readonly reason: NodeJS.ErrnoException;

  constructor(reason: Error) {
    this.reason = reason;
  }

  write(_bytes: Buffer, _from: number, _length: number, done: WriteDone): void {
    done(this.reason, 0);
  }

  writeNow(): number {
    throw this.reason;
  }

  close(): void {}
}
