// The body of one stream on its way in: handed to the exchange while that takes it, held (within the stream's window) while not.
// Windows grow by what has gone on only. Checks the length that was promised. Reused from stream to stream.

import type { HeaderTable, Http2Session } from '@sluice/protocols';
import { HeldInput } from '../http/held-input.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import { keptTrailers } from '../http/kept-trailers.ts';
import type { BufferedBytes } from '../worker/buffered-bytes.ts';

const UNKNOWN = -1;
/** Of held bytes handed over at once. */
const PIECE_BYTES = 64 * 1024;

export interface InputOwner {
  /** -1: the stream is over. */
  readonly slot: number;
  readonly session: Http2Session;
  readonly exchange: HttpExchange | undefined;
  readonly buffered: BufferedBytes;
  /** Held bytes can go on; not now, as whoever says so is in the middle of something. */
  wake(): void;
}

export class StreamInput {
  /** The client has sent all of it. */
  ended = false;
  private readonly owner: InputOwner;
  private held: HeldInput | undefined = undefined;
  private trailers: HeaderTable | undefined = undefined;
  /** Of the length that was promised; 0 to come: data is a fault. */
  private bytesLeft = UNKNOWN;
  private pauseReasons = 0;
  /** The exchange knows that the body is complete. */
  private endTold = false;
  private delivering = false;

  constructor(owner: InputOwner) {
    this.owner = owner;
  }

  /** A new stream. `promisedBytes` -1: nothing was. */
  reset(promisedBytes: number): void {
    this.release();
    this.ended = false;
    this.bytesLeft = promisedBytes;
    this.pauseReasons = 0;
    this.endTold = false;
    this.trailers = undefined;
  }

  release(): void {
    this.held?.release();
    this.held = undefined;
  }

  get holdsAny(): boolean {
    return this.held !== undefined;
  }

  /** The caller takes over what is held: as if it had gone on. */
  take(): HeldInput | undefined {
    const { held, owner } = this;
    this.held = undefined;
    if (held !== undefined) owner.session.consumed(owner.slot, held.length);
    return held;
  }

  pauseFor(reason: number): void {
    this.pauseReasons |= reason;
  }

  resumeFor(reason: number): void {
    if ((this.pauseReasons & reason) === 0) return;
    this.pauseReasons &= ~reason;
    if (this.pauseReasons === 0 && (this.held !== undefined || this.ended)) this.owner.wake();
  }

  get isPaused(): boolean {
    return this.pauseReasons !== 0;
  }

  /** False: more than was promised. */
  mayTake(bytes: number): boolean {
    if (this.bytesLeft === UNKNOWN) return true;
    this.bytesLeft -= bytes;
    return this.bytesLeft >= 0;
  }

  /** Less than was promised has come. */
  get isShort(): boolean {
    return this.bytesLeft > 0;
  }

  onData(bytes: Buffer, start: number, end: number): void {
    const { owner } = this;
    const { exchange } = owner;
    if (exchange === undefined) {
      // The answer is on its way already, and needs no more of the request.
      owner.session.consumed(owner.slot, end - start);
      return;
    }
    let at = start;
    if (this.held === undefined && this.isWanted(exchange)) at = this.handOver(exchange, bytes, start, end);
    if (at === end || owner.slot === -1) return;
    if (this.held === undefined) this.held = new HeldInput(owner.buffered, bytes, at, end);
    else this.held.append(bytes, at, end);
  }

  /** `trailers` are good during the call. */
  onEnd(trailers: HeaderTable | undefined): void {
    this.ended = true;
    const { exchange } = this.owner;
    if (exchange === undefined) return;
    if (this.held === undefined && this.isWanted(exchange)) {
      this.endTold = true;
      exchange.onRequestEnd(trailers);
    } else this.trailers = keptTrailers(trailers);
  }

  /** Hands over what is held, as far as it is taken. */
  deliver(): void {
    if (this.delivering) return;
    this.delivering = true;
    try {
      this.deliverHeld();
    } finally {
      this.delivering = false;
    }
  }

  private deliverHeld(): void {
    const { owner } = this;
    const { exchange } = owner;
    if (exchange === undefined) return;
    while (this.held !== undefined && this.isWanted(exchange)) {
      const { held } = this;
      const end = Math.min(held.end, held.start + PIECE_BYTES);
      const at = this.handOver(exchange, held.bytes, held.start, end);
      // The exchange may have ended in there, and what was held with it.
      if (this.held !== held) return;
      held.consumeTo(at);
      if (held.length === 0) this.release();
      else if (at < end) return;
    }
    if (this.held === undefined && this.ended && !this.endTold && this.isWanted(exchange)) {
      this.endTold = true;
      exchange.onRequestEnd(this.trailers);
    }
  }

  private isWanted(exchange: HttpExchange): boolean {
    return this.pauseReasons === 0 && this.owner.exchange === exchange && exchange.takesBody;
  }

  private handOver(exchange: HttpExchange, bytes: Buffer, start: number, end: number): number {
    const { owner } = this;
    const at = exchange.onRequestBytes(bytes, start, end);
    if (owner.slot !== -1 && at > start) owner.session.consumed(owner.slot, at - start);
    return at;
  }
}
