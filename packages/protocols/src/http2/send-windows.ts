// Flow control for what we send (RFC 9113 §5.2, §6.9): how much the peer allows on each stream and on the connection, which
// streams wait for it, and whether it lets anything through at all (a reader that stalls, or plays with tiny windows).

import type { AbuseLimits } from './abuse-limits.ts';
import { INT31_MAX, WINDOW_BYTES_INITIAL } from './frame-type.ts';
import { Column, StreamFlag, type StreamTable } from './stream-table.ts';

export class SendWindows {
  /** Bytes we may send on the connection. */
  allowed = WINDOW_BYTES_INITIAL;
  /** Of a new stream. */
  streamBytes = WINDOW_BYTES_INITIAL;

  private readonly table: StreamTable;
  private readonly limits: AbuseLimits;

  constructor(table: StreamTable, limits: AbuseLimits) {
    this.table = table;
    this.limits = limits;
  }

  /**
   * How many of `wanted` bytes both windows allow now. When it is fewer, the stream is blocked and watched from now on. Windows
   * may be negative; the result is not.
   */
  allowedFor(slot: number, wanted: number, now: number): number {
    const { table } = this;
    const allowed = Math.max(0, Math.min(wanted, this.allowed, table.get(slot, Column.SEND_WINDOW)));
    if (allowed === wanted) {
      table.unmark(slot, StreamFlag.BLOCKED);
    } else if (!table.has(slot, StreamFlag.BLOCKED)) {
      table.mark(slot, StreamFlag.BLOCKED);
      table.watchSince(slot, now);
    }
    return allowed;
  }

  /** @throws RangeError for more than is allowed: a bug of the caller. */
  sent(slot: number, bytes: number, now: number): void {
    const { table } = this;
    const window = table.get(slot, Column.SEND_WINDOW);
    // An empty frame is allowed whatever the windows (§6.9.1).
    if (bytes > 0 && (bytes > window || bytes > this.allowed)) {
      throw new RangeError(`${bytes} bytes sent where windows of ${window} and ${this.allowed} are left`);
    }
    table.set(slot, Column.SEND_WINDOW, window - bytes);
    this.allowed -= bytes;
    if (!table.has(slot, StreamFlag.BLOCKED)) return;
    const sent = table.get(slot, Column.SENT) + bytes;
    if (sent >= this.limits.stallProgressBytes) table.watchSince(slot, now);
    else table.set(slot, Column.SENT, sent);
  }

  /** False when the window would exceed 2^31-1. */
  growConnection(increment: number): boolean {
    if (this.allowed + increment > INT31_MAX) return false;
    this.allowed += increment;
    return true;
  }

  growStream(slot: number, increment: number): boolean {
    const window = this.table.get(slot, Column.SEND_WINDOW) + increment;
    if (window > INT31_MAX) return false;
    this.table.set(slot, Column.SEND_WINDOW, window);
    return true;
  }

  /** Moves the windows of all streams (§6.9.2); false when one would exceed 2^31-1. */
  changeInitial(streamBytes: number): boolean {
    const { table } = this;
    const difference = streamBytes - this.streamBytes;
    this.streamBytes = streamBytes;
    if (difference === 0) return true;
    for (let slot = 0; slot < table.slotsEnd; slot++) {
      if (table.get(slot, Column.ID) !== 0 && !this.growStream(slot, difference)) return false;
    }
    return true;
  }

  /** A stream that waits for its windows, and could go on now. */
  isReady(slot: number): boolean {
    const { table } = this;
    return this.allowed > 0 && table.has(slot, StreamFlag.BLOCKED) && table.get(slot, Column.SEND_WINDOW) > 0;
  }

  /** The peer has taken next to nothing of a stream for so long that it may be called stalled. */
  isStreamStalled(slot: number, now: number): boolean {
    const { table } = this;
    return table.has(slot, StreamFlag.BLOCKED) && now - table.watchedSinceMs(slot) >= this.limits.stallMs;
  }

  /** There are streams, and all of them are stalled: the connection serves nobody. */
  isStalled(now: number): boolean {
    const { table } = this;
    for (let slot = 0; slot < table.slotsEnd; slot++) {
      if (table.get(slot, Column.ID) !== 0 && !this.isStreamStalled(slot, now)) return false;
    }
    return table.count > 0;
  }
}
