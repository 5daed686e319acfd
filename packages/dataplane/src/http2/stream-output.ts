// The body of one stream on its way out: DATA as windows and the client's queue allow, the rest kept (and counted) until they do,
// then END_STREAM or trailers. Reused from stream to stream; allocates only when it has to keep something.

import { dropForbiddenTrailers, type HeaderTable, type Http2Session } from '@sluice/protocols';
import { HeldInput } from '../http/held-input.ts';
import { keptTrailers } from '../http/kept-trailers.ts';
import type { BufferedBytes } from '../worker/buffered-bytes.ts';
import type { FrameOutput } from './frame-output.ts';

const NO_BYTES = new Uint8Array(0);
const UNKNOWN = -1;

/** Whose stream it is. */
export interface OutputOwner {
  readonly slot: number;
  readonly session: Http2Session;
  readonly frames: FrameOutput;
  readonly buffered: BufferedBytes;
  readonly now: number;
}

export class StreamOutput {
  /** Our part of the stream is complete. */
  ended = false;
  private readonly owner: OutputOwner;
  private kept: HeldInput | undefined = undefined;
  /** Of a body whose last byte ends the stream. */
  private bytesLeft = UNKNOWN;
  private endsWhenSent = false;
  private trailers: HeaderTable | undefined = undefined;

  constructor(owner: OutputOwner) {
    this.owner = owner;
  }

  /** A new stream. */
  reset(): void {
    this.release();
    this.ended = false;
    this.bytesLeft = UNKNOWN;
    this.endsWhenSent = false;
    this.trailers = undefined;
  }

  /** The stream is over: what is kept is of no use. */
  release(): void {
    this.kept?.release();
    this.kept = undefined;
  }

  get keepsAny(): boolean {
    return this.kept !== undefined;
  }

  /** All that is missing has been handed over. */
  get isComplete(): boolean {
    return this.ended || this.endsWhenSent;
  }

  /** That many bytes follow and then nothing: the last of them ends the stream. */
  endAfter(bytes: number): void {
    this.bytesLeft = bytes;
  }

  /** Takes the bytes in any case; they may change after the call. */
  write(bytes: Uint8Array, start: number, end: number): void {
    if (this.isComplete) return;
    if (this.kept !== undefined) this.kept.append(bytes, start, end);
    else {
      const at = this.send(bytes, start, end, Number.POSITIVE_INFINITY);
      if (at < end) this.kept = new HeldInput(this.owner.buffered, bytes, at, end);
    }
  }

  /** Nothing follows but these, which are good during the call. */
  end(trailers: HeaderTable | undefined): void {
    if (this.isComplete) return;
    if (this.kept === undefined) {
      this.sendEnd(trailers);
      return;
    }
    this.endsWhenSent = true;
    this.trailers = keptTrailers(trailers);
  }

  /** Sends up to that much of what is kept. @returns whether anything could be sent */
  pump(bytesMax: number): boolean {
    const { kept } = this;
    if (kept === undefined) return false;
    const { start } = kept;
    const at = this.send(kept.bytes, start, kept.end, bytesMax);
    if (this.kept === undefined) return true; // that was the end of the stream
    kept.consumeTo(at);
    if (kept.length === 0) {
      this.release();
      if (this.endsWhenSent && !this.ended) this.sendEnd(this.trailers);
    }
    return at > start;
  }

  /** Position behind what could be sent. */
  private send(bytes: Uint8Array, start: number, end: number, bytesMax: number): number {
    const { owner } = this;
    const { session, frames } = owner;
    const stop = Math.min(end, start + bytesMax);
    let at = start;
    while (at < stop && frames.takesMore) {
      const allowed = Math.min(session.sendable(owner.slot, end - at, owner.now), stop - at);
      if (allowed === 0) break;
      if (this.bytesLeft !== UNKNOWN) this.bytesLeft -= allowed;
      const last = this.bytesLeft === 0 || (at + allowed === end && this.endsWhenSent && this.trailers === undefined);
      if (last) this.ended = true;
      const from = at;
      at += allowed;
      frames.data(owner.slot, bytes, from, at, last);
      if (last) break;
    }
    return at;
  }

  private sendEnd(trailers: HeaderTable | undefined): void {
    const { slot, frames } = this.owner;
    this.ended = true;
    this.trailers = undefined;
    if (trailers !== undefined && hasFields(trailers)) frames.trailers(slot, trailers);
    else frames.data(slot, NO_BYTES, 0, 0, true);
  }
}

/** What must not be a trailer is left out. */
function hasFields(trailers: HeaderTable): boolean {
  const dropped = dropForbiddenTrailers(trailers);
  return trailers.count + trailers.addedNames.length > dropped;
}
