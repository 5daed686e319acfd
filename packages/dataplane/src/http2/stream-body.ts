// The body that one HTTP/2 stream sends: what windows and the connection do not take at once is kept, in order, and its source is
// told to pause. Counted among what the worker keeps. For both roles. Allocates only when it has to keep something.

import type { HeaderTable } from '@sluice/protocols';
import { encodeFields } from '@sluice/protocols';
import { keptTrailers } from '../http/kept-trailers.ts';
import type { BufferedBytes } from '../worker/buffered-bytes.ts';
import { fieldsBytesMax } from './fields-bytes.ts';
import type { Http2Output } from './http2-output.ts';

/** Kept bytes of one stream above which its source is no longer read; the second one holds while the worker keeps too much. */
const KEPT_HIGH_BYTES = 64 * 1024;
const KEPT_HIGH_WHEN_FULL_BYTES = 4 * 1024;

export class StreamBody {
  private readonly output: Http2Output;
  private readonly buffered: BufferedBytes;
  private slot = -1;
  /** In order; the first one from `position`. */
  private readonly kept: Uint8Array[] = [];
  private position = 0;
  private keptBytes = 0;
  /** The source has given everything. */
  private ending = false;
  private trailers: HeaderTable | undefined = undefined;
  /** Our side of the stream has ended. */
  ended = false;
  /** Somebody was told that it is full, and waits to hear the opposite. */
  private toldFull = false;

  constructor(output: Http2Output, buffered: BufferedBytes) {
    this.output = output;
    this.buffered = buffered;
  }

  /** @param ended the head was all there is. */
  begin(slot: number, ended: boolean): void {
    this.slot = slot;
    this.ended = ended;
    this.ending = false;
    this.toldFull = false;
  }

  /** The stream is gone. */
  clear(): void {
    this.slot = -1;
    this.buffered.add(-this.keptBytes);
    this.keptBytes = 0;
    this.kept.length = 0;
    this.position = 0;
    this.trailers = undefined;
    this.ended = true;
  }

  /** The bytes may change after the call. */
  write(bytes: Uint8Array, start: number, end: number): void {
    if (this.slot === -1 || this.ended) return;
    const at = this.kept.length === 0 ? this.output.sendData(this.slot, bytes, start, end) : start;
    if (at === end) return;
    const rest = Buffer.from(bytes.subarray(at, end));
    this.kept.push(rest);
    this.keptBytes += rest.length;
    this.buffered.add(rest.length);
  }

  get isFull(): boolean {
    const limit = this.buffered.isFull ? KEPT_HIGH_WHEN_FULL_BYTES : KEPT_HIGH_BYTES;
    const isFull = this.keptBytes > limit || (this.slot !== -1 && this.output.isCongested);
    if (isFull) this.toldFull = true;
    return isFull;
  }

  /** Costs a flush. */
  hasBacklog(): boolean {
    const has = this.kept.length > 0 || (this.slot !== -1 && this.output.hasBacklog);
    if (has) this.toldFull = true;
    return has;
  }

  /** `trailers` are good during the call. */
  end(trailers: HeaderTable | undefined): void {
    if (this.slot === -1 || this.ended || this.ending) return;
    this.ending = true;
    if (this.kept.length === 0) this.sendEnd(trailers);
    else this.trailers = keptTrailers(trailers);
  }

  /** Windows have grown, or the connection has room. @returns true when the source is to be told that it may go on. */
  pump(): boolean {
    while (this.kept.length > 0) {
      const [first] = this.kept;
      const at = this.output.sendData(this.slot, first, this.position, first.length);
      this.keptBytes -= at - this.position;
      this.buffered.add(this.position - at);
      this.position = at;
      if (at < first.length) return false;
      this.kept.shift();
      this.position = 0;
    }
    if (this.ending && !this.ended && this.slot !== -1) this.sendEnd(this.trailers);
    if (!this.toldFull || (this.slot !== -1 && this.output.isCongested)) return false;
    this.toldFull = false;
    return true;
  }

  private sendEnd(trailers: HeaderTable | undefined): void {
    this.ended = true;
    this.trailers = undefined;
    if (trailers === undefined || trailers.count + trailers.addedNames.length === 0) {
      this.output.sendEnd(this.slot);
      return;
    }
    encodeFields(this.output.beginBlock(fieldsBytesMax(trailers)), trailers);
    this.output.sendBlock(this.slot, true);
  }
}
