// Flow control for what the peer sends (RFC 9113 §5.2, §6.9): what it may still send on each stream and on the connection, and
// giving back what was consumed, in updates of half a window. On both levels always: allowed + held + owed = size.

import type { ControlOutput } from './control-output.ts';
import { WINDOW_BYTES_INITIAL } from './frame-type.ts';
import { Column, StreamFlag, type StreamTable } from './stream-table.ts';

export class ReceiveWindows {
  /** Bytes the peer may send on the connection. */
  allowed: number;
  /** Bytes received on the connection and not consumed. */
  held = 0;
  /** Bytes consumed and not given back. */
  owed = 0;
  /** Of a new stream. */
  streamBytes: number;

  private readonly table: StreamTable;
  private readonly output: ControlOutput;
  private readonly announcedStreamBytes: number;
  private readonly connectionBytes: number;

  /** `connectionBytes` is at least 65,535: a connection's window only grows. */
  constructor(table: StreamTable, output: ControlOutput, streamBytes: number, connectionBytes: number) {
    this.table = table;
    this.output = output;
    this.announcedStreamBytes = streamBytes;
    // Until the peer has acknowledged, it may act on the larger of what it knows and what it will (§6.9.3).
    this.streamBytes = Math.max(streamBytes, WINDOW_BYTES_INITIAL);
    this.connectionBytes = connectionBytes;
    this.allowed = this.connectionBytes;
  }

  /** To be called once, behind our first SETTINGS. */
  announceConnection(): void {
    const more = this.connectionBytes - WINDOW_BYTES_INITIAL;
    if (more > 0) this.output.windowUpdate(0, more);
  }

  /** The peer has acknowledged our settings: a smaller window counts from now on. */
  acknowledged(): void {
    const { table } = this;
    const less = this.streamBytes - this.announcedStreamBytes;
    this.streamBytes = this.announcedStreamBytes;
    if (less === 0) return;
    for (let slot = 0; slot < table.slotsEnd; slot++) {
      if (table.get(slot, Column.ID) !== 0) {
        table.set(slot, Column.RECEIVE_WINDOW, table.get(slot, Column.RECEIVE_WINDOW) - less);
      }
    }
  }

  /** Counts a whole DATA payload on the connection; false when it was not allowed. */
  takeOnConnection(bytes: number): boolean {
    if (bytes > this.allowed) return false;
    this.allowed -= bytes;
    this.held += bytes;
    return true;
  }

  /** The same on a stream; on the connection it has been counted before. */
  takeOnStream(slot: number, bytes: number): boolean {
    const { table } = this;
    const allowed = table.get(slot, Column.RECEIVE_WINDOW);
    // An empty frame is allowed whatever the window (§6.9.1), which may be negative.
    if (bytes > 0 && bytes > allowed) return false;
    table.set(slot, Column.RECEIVE_WINDOW, allowed - bytes);
    table.set(slot, Column.HELD, table.get(slot, Column.HELD) + bytes);
    return true;
  }

  /** Bytes that were counted on the connection only are done with. */
  consumeOnConnection(bytes: number): void {
    this.held -= bytes;
    this.owed += bytes;
    if (this.owed * 2 < this.connectionBytes) return;
    this.output.windowUpdate(0, this.owed);
    this.allowed += this.owed;
    this.owed = 0;
  }

  /** @throws RangeError when the stream holds fewer: a bug of the caller. */
  consume(slot: number, bytes: number): void {
    const { table } = this;
    const held = table.get(slot, Column.HELD);
    if (!(bytes >= 0 && bytes <= held)) throw new RangeError(`${bytes} bytes consumed of a stream that holds ${held}`);
    if (bytes === 0) return;
    table.set(slot, Column.HELD, held - bytes);
    this.consumeOnConnection(bytes);
    let owed = table.get(slot, Column.OWED) + bytes;
    // Who has sent its last byte needs no window.
    if (owed * 2 >= this.announcedStreamBytes && !table.has(slot, StreamFlag.REMOTE_ENDED)) {
      this.output.windowUpdate(table.get(slot, Column.ID), owed);
      table.set(slot, Column.RECEIVE_WINDOW, table.get(slot, Column.RECEIVE_WINDOW) + owed);
      owed = 0;
    }
    table.set(slot, Column.OWED, owed);
  }

  /** The stream ends: what it holds is of no more use to anyone. */
  drop(slot: number): void {
    const held = this.table.get(slot, Column.HELD);
    this.table.set(slot, Column.HELD, 0);
    if (held > 0) this.consumeOnConnection(held);
  }
}
