// Writes the parts of a line into bytes that somebody else owns: constants, numbers, and values escaped so that no input
// can end a value, a line or a terminal's patience. Texts hold one byte a character, as received. Allocates nothing.

import { breaksLines, COLUMN_PLAIN, codePointOf, QUOTED_PLAIN, utf8LengthAt } from './byte-classes.ts';

/** Bytes that a value may have in a line; a longer one is cut there and ends in "...". */
export const VALUE_MAX_BYTES = 8 * 1024;
/** A value may be longer than allowed by one escape and the dots. */
export const VALUE_EXCESS_BYTES = 16;

const HEX = Buffer.from('0123456789abcdef', 'latin1');
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const LOWER_U = 0x75;
const LOWER_X = 0x78;
const THOUSAND = 1_000;
const MILLION = 1_000_000;
const BILLION = 1_000_000_000;
/** The three digits of each number below a thousand. */
const DIGITS = Buffer.from(Array.from({ length: THOUSAND }, (_, value) => String(value).padStart(3, '0')).join(''));

/** The same text as one piece in memory: one that was put together is written several times slower. */
export function flatText(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

export class LineBuffer {
  bytes: Buffer;
  /** Where the next byte goes. */
  at = 0;
  /** Limit for the values written from now on. */
  valueMaxBytes = VALUE_MAX_BYTES;
  /** The value now being written ends here. */
  private stop = 0;
  private cut = false;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** The first `length` of bytes that are safe as they are, perhaps many. */
  append(part: Uint8Array, length: number): void {
    if (length === 0) return;
    this.bytes.set(part.subarray(0, length), this.at);
    this.at += length;
  }

  /** Bytes that are safe as they are, one a character. */
  text(part: string): void {
    this.at += this.bytes.latin1Write(part, this.at, part.length);
  }

  /** What has been written since `from`, one byte a character. */
  textSince(from: number): string {
    return this.bytes.latin1Slice(from, this.at);
  }

  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** A whole number up to 2^53-1; one that is negative, which none should be, is shown as 0. */
  integer(value: number): void {
    if (value >= BILLION) {
      const high = Math.floor(value / BILLION);
      this.integer(high);
      this.nineDigits(value - high * BILLION);
      return;
    }
    let rest = value > 0 ? value | 0 : 0;
    if (rest >= MILLION) {
      const millions = (rest / MILLION) | 0;
      rest -= millions * MILLION;
      const thousands = (rest / THOUSAND) | 0;
      this.firstDigits(millions);
      this.threeDigits(thousands);
      this.threeDigits(rest - thousands * THOUSAND);
    } else if (rest >= THOUSAND) {
      const thousands = (rest / THOUSAND) | 0;
      this.firstDigits(thousands);
      this.threeDigits(rest - thousands * THOUSAND);
    } else this.firstDigits(rest);
  }

  /** With leading zeros; below 10^9. */
  nineDigits(value: number): void {
    let rest = value | 0;
    const millions = (rest / MILLION) | 0;
    rest -= millions * MILLION;
    const thousands = (rest / THOUSAND) | 0;
    this.threeDigits(millions);
    this.threeDigits(thousands);
    this.threeDigits(rest - thousands * THOUSAND);
  }

  /** What follows until `endValue` counts as one value. */
  beginValue(): void {
    this.stop = this.at + this.valueMaxBytes;
    this.cut = false;
  }

  endValue(): void {
    if (!this.cut) return;
    for (let i = 0; i < 3; i++) this.bytes[this.at++] = DOT;
  }

  /** Characters `from`…`to` of a value inside of a JSON string. */
  json(text: string, from = 0, to: number = text.length): void {
    if (to - from === text.length && text.length <= this.stop - this.at && isPlain(text)) {
      this.text(text);
      return;
    }
    const { bytes, stop } = this;
    let { at } = this;
    let i = from;
    for (; i < to && at < stop; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x80 && QUOTED_PLAIN[code] === 1) bytes[at++] = code;
      else {
        this.at = at;
        i += this.jsonEscape(text, i, to, code) - 1;
        at = this.at;
      }
    }
    if (i < to) this.cut = true;
    this.at = at;
  }

  /** Part of a value in double quotes, in a format of columns. */
  quoted(text: string, from = 0, to: number = text.length): void {
    this.column(text, QUOTED_PLAIN, from, to);
  }

  /** Part of a value that stands between spaces, in a format of columns. */
  bare(text: string, from = 0, to: number = text.length): void {
    this.column(text, COLUMN_PLAIN, from, to);
  }

  private column(text: string, plain: Uint8Array, from: number, to: number): void {
    const { bytes, stop } = this;
    let { at } = this;
    let i = from;
    for (; i < to && at < stop; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x80 && plain[code] === 1) bytes[at++] = code;
      else {
        this.at = at;
        this.columnEscape(code);
        at = this.at;
      }
    }
    if (i < to) this.cut = true;
    this.at = at;
  }

  private threeDigits(value: number): void {
    const { bytes, at } = this;
    const from = value * 3;
    bytes[at] = DIGITS[from];
    bytes[at + 1] = DIGITS[from + 1];
    bytes[at + 2] = DIGITS[from + 2];
    this.at = at + 3;
  }

  /** Without leading zeros; below 1000. */
  private firstDigits(value: number): void {
    const from = value * 3;
    if (value >= 100) this.byte(DIGITS[from]);
    if (value >= 10) this.byte(DIGITS[from + 1]);
    this.byte(DIGITS[from + 2]);
  }

  /** Returns how many characters have been used. */
  private jsonEscape(text: string, at: number, to: number, code: number): number {
    if (code === 0x22 || code === BACKSLASH) {
      this.byte(BACKSLASH);
      this.byte(code);
      return 1;
    }
    if (code < 0x80 || code > 0xff) {
      this.unicodeEscape(code);
      return 1;
    }
    const length = utf8LengthAt(text, at);
    if (length === 0 || at + length > to) {
      this.unicodeEscape(0xfffd);
      return 1;
    }
    if (breaksLines(codePointOf(text, at, length))) this.unicodeEscape(codePointOf(text, at, length));
    else for (let i = at; i < at + length; i++) this.byte(text.charCodeAt(i));
    return length;
  }

  private unicodeEscape(code: number): void {
    this.byte(BACKSLASH);
    this.byte(LOWER_U);
    for (let shift = 12; shift >= 0; shift -= 4) this.byte(HEX[(code >> shift) & 15]);
  }

  private columnEscape(code: number): void {
    this.byte(BACKSLASH);
    if (code === 0x22 || code === BACKSLASH) this.byte(code);
    else if (code > 0xff) {
      // No byte that was received: a middleware's text.
      this.at--;
      this.unicodeEscape(code);
    } else {
      this.byte(LOWER_X);
      this.byte(HEX[code >> 4]);
      this.byte(HEX[code & 15]);
    }
  }
}

/** Nothing in it needs an escape. */
function isPlain(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (QUOTED_PLAIN[text.charCodeAt(i)] !== 1) return false;
  return true;
}
