// The decoded fields of one header block or trailer section: bytes of its own, with ranges of regular fields in the layout of
// `HeaderTable` and of pseudo-header fields apart. One is enough for a worker: it is good until the next block is decoded.
// Which fields a request or response needs is not judged here. Allocates when it grows; a few bytes when a peer marks fields
// as never to be indexed.

import { Field } from '../http-head/field-id.ts';
import { FIELD_WORDS, type HeaderTable } from '../http-head/header-table.ts';
import { copyBytes } from './copy-bytes.ts';
import { FieldFault } from './field-fault.ts';
import { metaFault, metaId, metaIsCookie, metaPseudo } from './field-meta.ts';
import { PSEUDO_NAMES } from './pseudo-field.ts';

const FIRST_BYTES = 4096;
const FIRST_FIELDS = 64;
const COOKIE_BYTES = 6;
const SEMICOLON = 0x3b;
const SP = 0x20;

export class FieldSection {
  /** Names and values, one after the other. Replaced when it grows. */
  bytes: Buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  /** Covers `bytes`. */
  view: DataView = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  /** Bytes in use. */
  length = 0;
  /** Regular fields; `FIELD_WORDS` each. */
  fields: Int32Array = new Int32Array(FIRST_FIELDS * FIELD_WORDS);
  count = 0;
  /** As in `HeaderTable`. */
  receivedIds = 0;
  /** First fault found (`FieldFault`), 0 when the fields are well-formed. */
  fault = 0;
  /** Offset and length of the value of each pseudo-header field; good where its bit is set. */
  readonly pseudo = new Int32Array(PSEUDO_NAMES.length * 2);
  /** Bit n set: the pseudo-header field n was there. */
  pseudoIds = 0;
  /** Fields named cookie. HTTP/2 clients send crumbs of one in several (RFC 9113 §8.2.3). */
  cookieCount = 0;
  /** Not 0 for a regular field that must never be indexed on its way on (RFC 7541 §6.2.3). */
  neverIndexed = new Uint8Array(FIRST_FIELDS);
  hasNeverIndexed = false;
  /** The same for pseudo-header fields: bit n is the one with number n. */
  pseudoNeverIndexed = 0;

  clear(): void {
    this.length = 0;
    this.count = 0;
    this.receivedIds = 0;
    this.fault = 0;
    this.pseudoIds = 0;
    this.cookieCount = 0;
    this.pseudoNeverIndexed = 0;
    if (this.hasNeverIndexed) {
      this.neverIndexed.fill(0);
      this.hasNeverIndexed = false;
    }
  }

  /** Room for `bytes` from the beginning; keeps everything written so far, also beyond `length`. */
  reserve(bytes: number): void {
    if (bytes <= this.bytes.length) return;
    let capacity = this.bytes.length;
    while (capacity < bytes) capacity *= 2;
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.bytes.copy(larger);
    this.bytes = larger;
    this.view = new DataView(larger.buffer, larger.byteOffset, larger.length);
  }

  /** Takes the name and value that the decoder has written at `length`. */
  append(nameLength: number, valueLength: number, meta: number, neverIndexed: boolean): void {
    const offset = this.length;
    const valueOffset = offset + nameLength;
    this.length = valueOffset + valueLength;
    const fault = metaFault(meta);
    if (fault !== 0 && this.fault === 0) this.fault = fault;
    const pseudo = metaPseudo(meta);
    if (pseudo !== 0) {
      this.appendPseudo(pseudo, valueOffset, valueLength);
      if (neverIndexed) this.pseudoNeverIndexed |= 1 << pseudo;
      return;
    }
    let at = this.count * FIELD_WORDS;
    if (at === this.fields.length) this.growFields();
    const fields = this.fields;
    const id = metaId(meta);
    fields[at++] = offset;
    fields[at++] = nameLength;
    fields[at++] = valueOffset;
    fields[at++] = valueLength;
    fields[at] = id;
    if (id !== Field.OTHER) this.receivedIds |= 1 << id;
    else if (metaIsCookie(meta)) this.cookieCount++;
    if (neverIndexed) this.markNeverIndexed(this.count);
    this.count++;
  }

  hasPseudo(pseudo: number): boolean {
    return (this.pseudoIds & (1 << pseudo)) !== 0;
  }

  /** Value of a pseudo-header field, undefined when it was not there. Makes a string. */
  pseudoValue(pseudo: number): string | undefined {
    if (!this.hasPseudo(pseudo)) return undefined;
    const offset = this.pseudo[pseudo * 2];
    return this.bytes.latin1Slice(offset, offset + this.pseudo[pseudo * 2 + 1]);
  }

  /**
   * Makes one field of the crumbs of a cookie, with `; ` between them, where the first one stands: for everyone who is not
   * spoken to in HTTP/2. Before `moveTo`.
   */
  joinCookies(): void {
    if (this.cookieCount < 2) return;
    const joined = this.length;
    let kept = 0;
    let first = -1;
    for (let index = 0; index < this.count; index++) {
      const at = index * FIELD_WORDS;
      const isCookie = this.fields[at + 4] === Field.OTHER && this.isCookieName(this.fields[at], this.fields[at + 1]);
      if (isCookie) this.appendCrumb(at, first !== -1);
      if (isCookie && first !== -1) {
        if (this.isNeverIndexed(index)) this.markNeverIndexed(first);
        continue;
      }
      if (isCookie) first = kept;
      if (kept !== index) this.moveField(index, kept);
      kept++;
    }
    this.fields[first * FIELD_WORDS + 2] = joined;
    this.fields[first * FIELD_WORDS + 3] = this.length - joined;
    this.count = kept;
    this.cookieCount = 1;
  }

  /**
   * Hands the regular fields over to a head, which forgets what it had. Its ranges point into the bytes of this section
   * until the next block is decoded; `HeaderTable.retain` makes them survive that.
   */
  moveTo(head: HeaderTable): void {
    head.clear(this.bytes);
    head.hasLines = false;
    const fields = head.fields;
    head.fields = this.fields;
    head.count = this.count;
    head.receivedIds = this.receivedIds;
    if (this.hasNeverIndexed) head.neverIndexed = this.neverIndexed.slice(0, this.count);
    this.fields = fields;
    this.count = 0;
    this.receivedIds = 0;
  }

  private appendPseudo(pseudo: number, valueOffset: number, valueLength: number): void {
    if (this.fault === 0) {
      if (this.count !== 0) this.fault = FieldFault.LATE_PSEUDO;
      else if (this.hasPseudo(pseudo)) this.fault = FieldFault.DUPLICATE_PSEUDO;
    }
    this.pseudoIds |= 1 << pseudo;
    this.pseudo[pseudo * 2] = valueOffset;
    this.pseudo[pseudo * 2 + 1] = valueLength;
  }

  private appendCrumb(at: number, isNext: boolean): void {
    const length = this.fields[at + 3];
    this.reserve(this.length + length + 2);
    if (isNext) {
      this.bytes[this.length++] = SEMICOLON;
      this.bytes[this.length++] = SP;
    }
    copyBytes(this.bytes, this.view, this.fields[at + 2], length, this.bytes, this.view, this.length);
    this.length += length;
  }

  private moveField(from: number, to: number): void {
    this.fields.copyWithin(to * FIELD_WORDS, from * FIELD_WORDS, (from + 1) * FIELD_WORDS);
    if (this.hasNeverIndexed) this.neverIndexed[to] = this.isNeverIndexed(from) ? 1 : 0;
  }

  private isNeverIndexed(index: number): boolean {
    return this.hasNeverIndexed && index < this.neverIndexed.length && this.neverIndexed[index] !== 0;
  }

  /** `fields` may have come from a head and be longer. */
  private markNeverIndexed(index: number): void {
    if (index >= this.neverIndexed.length) {
      const larger = new Uint8Array(Math.max(index + 1, this.fields.length / FIELD_WORDS));
      larger.set(this.neverIndexed);
      this.neverIndexed = larger;
    }
    this.neverIndexed[index] = 1;
    this.hasNeverIndexed = true;
  }

  private isCookieName(offset: number, length: number): boolean {
    return (
      length === COOKIE_BYTES &&
      this.view.getInt32(offset, true) === 0x6b6f6f63 &&
      this.view.getInt16(offset + 4, true) === 0x6569
    );
  }

  private growFields(): void {
    const fields = new Int32Array(this.fields.length * 2);
    fields.set(this.fields);
    this.fields = fields;
  }
}
