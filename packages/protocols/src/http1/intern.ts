// Bounded direct-mapped cache from byte ranges to strings, so that a repeated path or host costs no allocation and
// keeps its string hash. A hit is always verified byte by byte; a miss overwrites its slot.
// Allocates one string per miss. Memory: entries × 256 bytes, fixed at construction.

import { viewOf } from './word-view.ts';

/** Longer ranges are never cached. */
export const INTERN_BYTES_MAX = 256;

export class InternCache {
  private readonly keys: Uint8Array;
  private readonly keyView: DataView;
  /** 0: empty slot (the empty string is never stored). */
  private readonly lengths: Uint16Array;
  private readonly strings: string[];
  private readonly shift: number;

  /** Holds 2^`bits` strings, 1 to 16 bits. */
  constructor(bits: number) {
    if (!Number.isInteger(bits) || bits < 1 || bits > 16) throw new RangeError(`bits is ${bits}; accepted: 1 to 16`);
    const entries = 1 << bits;
    this.keys = new Uint8Array(entries * INTERN_BYTES_MAX);
    this.keyView = new DataView(this.keys.buffer);
    this.lengths = new Uint16Array(entries);
    this.strings = new Array<string>(entries).fill('');
    this.shift = 32 - bits;
  }

  /** The Latin-1 string of a range, from the cache when it is there. */
  get(bytes: Buffer, offset: number, length: number): string {
    return this.lookup(bytes, offset, length) ?? this.store(bytes, offset, length);
  }

  /** The cached string of a range, or undefined. */
  lookup(bytes: Buffer, offset: number, length: number): string | undefined {
    if (length === 0 || length > INTERN_BYTES_MAX) return undefined;
    const view = viewOf(bytes);
    const slot = slotOf(bytes, view, offset, length, this.shift);
    if (this.lengths[slot] !== length) return undefined;
    const key = slot * INTERN_BYTES_MAX;
    let i = 0;
    for (; i + 4 <= length; i += 4) {
      if (this.keyView.getInt32(key + i, true) !== view.getInt32(offset + i, true)) return undefined;
    }
    for (; i < length; i++) {
      if (this.keys[key + i] !== bytes[offset + i]) return undefined;
    }
    return this.strings[slot];
  }

  /** Makes the string and puts it in its slot when it is short enough. */
  store(bytes: Buffer, offset: number, length: number): string {
    const text = bytes.latin1Slice(offset, offset + length);
    if (length === 0 || length > INTERN_BYTES_MAX) return text;
    const slot = slotOf(bytes, viewOf(bytes), offset, length, this.shift);
    const keys = this.keys;
    const key = slot * INTERN_BYTES_MAX;
    for (let i = 0; i < length; i++) keys[key + i] = bytes[offset + i];
    this.lengths[slot] = length;
    this.strings[slot] = text;
    return text;
  }
}

/** Hashes the length, the last eight bytes and two words of the rest: enough to spread, and cheap for long ranges. */
function slotOf(bytes: Buffer, view: DataView, offset: number, length: number, shift: number): number {
  let hash = length;
  if (length < 8) {
    for (let at = offset; at < offset + length; at++) hash = (Math.imul(hash, 31) + bytes[at]) | 0;
  } else {
    const end = offset + length;
    hash = mix(hash, view.getInt32(end - 4, true));
    hash = mix(hash, view.getInt32(end - 8, true));
    hash = mix(hash, view.getInt32(offset + ((length - 4) >> 1), true));
    hash = mix(hash, view.getInt32(offset + ((length - 4) >> 2), true));
  }
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> shift;
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}
