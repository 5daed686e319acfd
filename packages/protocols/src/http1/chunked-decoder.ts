// Incremental decoder of the chunked coding (RFC 9112 §7.1) over byte ranges: says where data lies, never keeps it.
// Only the trailer section is copied, into a bounded buffer, because it may be split over several ranges.
// Allocates nothing until a body has trailers.

import { HeaderTable } from '../http-head/header-table.ts';
import { CR, FIELD_VALUE, HEX_VALUE, LF, NOT_HEX } from './byte-class.ts';
import { parseFieldLines } from './field-lines.ts';
import { HeadError } from './head-error.ts';
import { dropForbiddenTrailers } from './trailer-fields.ts';

/** What the last `step` found. */
export const ChunkPiece = {
  /** All bytes up to `end` are used up. */
  NEED_MORE: 0,
  /** `dataOffset`/`dataLength` are body bytes; they lie before the returned position. */
  DATA: 1,
  /** The body is complete; the returned position is the first byte after it. */
  END: 2,
  /** `error` is a `HeadError`; the connection is of no more use. */
  ERROR: 3,
} as const;

export interface ChunkedLimits {
  /** Bytes of all chunk extensions of one body. */
  readonly extensionBytesMax: number;
  /** Bytes of the trailer section, blank line included. */
  readonly trailerBytesMax: number;
  readonly trailerFieldsMax: number;
}

/** Ours; RFC 9112 §7.1.1 and §7.1.2 ask for bounds without naming any. */
export const DEFAULT_CHUNKED_LIMITS: ChunkedLimits = {
  extensionBytesMax: 16384,
  trailerBytesMax: 16384,
  trailerFieldsMax: 64,
};

const State = {
  SIZE: 0,
  EXTENSION: 1,
  SIZE_LF: 2,
  DATA: 3,
  DATA_CR: 4,
  DATA_LF: 5,
  TRAILER_START: 6,
  FINAL_LF: 7,
  TRAILER: 8,
  END: 9,
  ERROR: 10,
} as const;

const SIZE_DIGITS_MAX = 16;
const SEMICOLON = 0x3b;
const NO_BYTES = Buffer.alloc(0);

export class ChunkedDecoder {
  /** A `ChunkPiece`. */
  piece: number = ChunkPiece.NEED_MORE;
  dataOffset = 0;
  dataLength = 0;
  /** Data bytes of the current chunk that have not been reported (or `skipped`) yet; 0 before its size line is complete. */
  remainingInChunk = 0;
  /** A `HeadError` when `piece` is ERROR. */
  error = 0;
  /** Bytes of chunk extensions so far, semicolons included. They carry no meaning and need not be forwarded. */
  extensionBytes = 0;
  /** After END: the trailer fields, without forbidden ones (removed); undefined when there were none. */
  trailers: HeaderTable | undefined = undefined;
  /** Trailer fields that were removed because they may not be sent late (RFC 9110 §6.5.1). */
  forbiddenTrailers = 0;

  private readonly limits: ChunkedLimits;
  private state: number = State.SIZE;
  private digits = 0;
  /** By the digits so far. */
  private size = 0;
  private trailerBytes = NO_BYTES;
  private trailerLength = 0;

  constructor(limits: ChunkedLimits = DEFAULT_CHUNKED_LIMITS) {
    this.limits = limits;
  }

  /** Makes the decoder ready for the next body. */
  reset(): void {
    this.piece = ChunkPiece.NEED_MORE;
    this.remainingInChunk = 0;
    this.error = 0;
    this.extensionBytes = 0;
    this.trailers = undefined;
    this.forbiddenTrailers = 0;
    this.state = State.SIZE;
    this.digits = 0;
    this.size = 0;
    this.trailerBytes = NO_BYTES;
    this.trailerLength = 0;
  }

  /**
   * Decodes `bytes[position…end)` up to the next piece and returns the position after it. Call again while the piece is
   * DATA. After END and ERROR it does nothing.
   */
  step(bytes: Buffer, position: number, end: number): number {
    let at = position;
    this.piece = ChunkPiece.NEED_MORE;
    while (at < end && this.state < State.END) {
      switch (this.state) {
        case State.DATA:
          return this.takeData(at, end);
        case State.SIZE:
        case State.EXTENSION:
          at = this.scanSizeLine(bytes, at, end);
          break;
        case State.TRAILER:
          at = this.collectTrailers(bytes, at, end);
          break;
        default:
          at = this.takeByte(bytes[at], at);
      }
    }
    if (this.state === State.END) this.piece = ChunkPiece.END;
    else if (this.state === State.ERROR) this.piece = ChunkPiece.ERROR;
    return at;
  }

  /**
   * Tells that the next `count` data bytes of the current chunk went by without passing through `step`.
   * Throws RangeError when the chunk has fewer left: that would be a bug of the caller.
   */
  skipped(count: number): void {
    if (count < 0 || count > this.remainingInChunk) {
      throw new RangeError(`skipped ${count} bytes of a chunk with ${this.remainingInChunk} left`);
    }
    this.remainingInChunk -= count;
    if (this.remainingInChunk === 0 && this.state === State.DATA) this.state = State.DATA_CR;
  }

  private takeData(at: number, end: number): number {
    const length = Math.min(this.remainingInChunk, end - at);
    this.piece = ChunkPiece.DATA;
    this.dataOffset = at;
    this.dataLength = length;
    this.skipped(length);
    return at + length;
  }

  /** Size digits and extensions. No white space is allowed after the size: tolerance there has been used for smuggling. */
  private scanSizeLine(bytes: Buffer, position: number, end: number): number {
    let at = position;
    if (this.state === State.SIZE) {
      for (; at < end; at++) {
        const value = HEX_VALUE[bytes[at]];
        if (value === NOT_HEX) break;
        if (++this.digits > SIZE_DIGITS_MAX) return this.fail(HeadError.BAD_CHUNK_SIZE, at);
        this.size = this.size * 16 + value;
        if (this.size > Number.MAX_SAFE_INTEGER) return this.fail(HeadError.CHUNK_SIZE_OVERFLOW, at);
      }
      if (at === end) return at;
      const byte = bytes[at];
      if (this.digits === 0 || (byte !== CR && byte !== SEMICOLON)) return this.fail(HeadError.BAD_CHUNK_SIZE, at);
      this.state = State.EXTENSION;
    }
    for (; at < end; at++) {
      if (FIELD_VALUE[bytes[at]] === 0) {
        if (bytes[at] !== CR) return this.fail(HeadError.BAD_CHUNK_EXTENSION, at);
        this.state = State.SIZE_LF;
        return at + 1;
      }
      if (++this.extensionBytes > this.limits.extensionBytesMax) {
        return this.fail(HeadError.CHUNK_EXTENSIONS_TOO_LARGE, at);
      }
    }
    return at;
  }

  /** The states in which exactly one byte is legal, and the choice between blank line and trailers. */
  private takeByte(byte: number, at: number): number {
    switch (this.state) {
      case State.SIZE_LF:
        if (byte !== LF) return this.fail(HeadError.BARE_CR, at);
        this.state = this.size === 0 ? State.TRAILER_START : State.DATA;
        this.remainingInChunk = this.size;
        this.digits = 0;
        this.size = 0;
        return at + 1;
      case State.DATA_CR:
        if (byte !== CR) return this.fail(HeadError.BAD_CHUNK_END, at);
        this.state = State.DATA_LF;
        return at + 1;
      case State.DATA_LF:
        if (byte !== LF) return this.fail(HeadError.BAD_CHUNK_END, at);
        this.state = State.SIZE;
        return at + 1;
      case State.TRAILER_START:
        if (byte === CR) {
          this.state = State.FINAL_LF;
          return at + 1;
        }
        this.state = State.TRAILER;
        return at;
      default:
        if (byte !== LF) return this.fail(HeadError.BARE_CR, at);
        this.state = State.END;
        return at + 1;
    }
  }

  /** Copies the trailer section through its blank line; line ends are checked at once, the rest when it is complete. */
  private collectTrailers(bytes: Buffer, position: number, end: number): number {
    for (let at = position; at < end; at++) {
      if (this.trailerLength === this.limits.trailerBytesMax) return this.fail(HeadError.TRAILERS_TOO_LARGE, at);
      if (this.trailerLength === this.trailerBytes.length) this.growTrailers();
      const kept = this.trailerBytes;
      const length = this.trailerLength;
      const byte = bytes[at];
      const afterCr = length > 0 && kept[length - 1] === CR;
      if (afterCr !== (byte === LF)) return this.fail(afterCr ? HeadError.BARE_CR : HeadError.BARE_LF, at);
      kept[length] = byte;
      this.trailerLength = length + 1;
      if (byte === LF && length >= 3 && kept[length - 2] === LF) return this.parseTrailers(at + 1);
    }
    return end;
  }

  private parseTrailers(at: number): number {
    const table = new HeaderTable(this.trailerBytes);
    const result = parseFieldLines(table, this.trailerBytes, 0, this.trailerLength, this.limits.trailerFieldsMax);
    if (result < 0) return this.fail(result, at);
    this.forbiddenTrailers = dropForbiddenTrailers(table);
    this.trailers = table;
    this.state = State.END;
    return at;
  }

  private growTrailers(): void {
    const size = Math.min(Math.max(512, this.trailerBytes.length * 2), this.limits.trailerBytesMax);
    const larger = Buffer.allocUnsafeSlow(size);
    this.trailerBytes.copy(larger, 0, 0, this.trailerLength);
    this.trailerBytes = larger;
  }

  private fail(error: number, at: number): number {
    this.error = error;
    this.state = State.ERROR;
    return at;
  }
}
