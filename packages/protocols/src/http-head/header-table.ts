// The header fields of one message: ranges of the received bytes plus an overlay of fields added as strings.
// Protocol independent and reused from message to message. Reading or writing bytes of a connection is not its job.
// Allocates: strings for values somebody asks for, overlay entries for fields somebody adds; nothing otherwise.

import { FIELD_NAMES, Field } from './field-id.ts';

/** Words per field in `fields`: name offset, name length, value offset, value length, id (REMOVED bit set when deleted). */
export const FIELD_WORDS = 5;
export const REMOVED = 1 << 16;

const FIELD_ID_BY_NAME: ReadonlyMap<string, number> = new Map(FIELD_NAMES.map((name, id) => [name, id]));

export class HeaderTable {
  /** What offsets in `fields` point into: the transport's memory during a batch, or an owned copy after `retain`. */
  bytes: Buffer;
  /** Entries of `fields` in use, removed ones included. */
  count = 0;
  fields: Int32Array;
  /** Bit n set: a field with id n was received (ids below 32). Not cleared by removal. */
  receivedIds = 0;
  /** Received fields lie in `bytes` as lines of HTTP/1, one behind the other; otherwise names and values lie anywhere. */
  hasLines = true;
  /** True when any field was removed since the head was parsed. */
  hasRemoved = false;
  /**
   * By index of the received field: not 0 when it came as one that must never be indexed (RFC 7541 §6.2.3) and has to go on
   * as such. May be shorter than the fields; undefined when there is none.
   */
  neverIndexed: Uint8Array | undefined = undefined;
  /** Fields added by us, in order; parallel arrays. */
  readonly addedNames: string[] = [];
  readonly addedValues: string[] = [];
  /** The names in lower case: comparing must not make strings anew each time. */
  readonly addedLowerNames: string[] = [];
  /** From `fieldLine`, for fields that are the same in every message; undefined: it is composed when it is sent. */
  readonly addedLines: (Uint8Array | undefined)[] = [];

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.fields = new Int32Array(64 * FIELD_WORDS);
  }

  /** Forgets the previous message. */
  clear(bytes: Buffer): void {
    this.bytes = bytes;
    this.count = 0;
    this.receivedIds = 0;
    this.hasLines = true;
    this.hasRemoved = false;
    this.neverIndexed = undefined;
    if (this.addedNames.length !== 0) {
      this.addedNames.length = 0;
      this.addedValues.length = 0;
      this.addedLowerNames.length = 0;
      this.addedLines.length = 0;
    }
  }

  /** Called by codecs. Ranges must lie inside `bytes`. */
  append(nameOffset: number, nameLength: number, valueOffset: number, valueLength: number, id: number): void {
    let at = this.count * FIELD_WORDS;
    if (at === this.fields.length) this.grow();
    const fields = this.fields;
    fields[at++] = nameOffset;
    fields[at++] = nameLength;
    fields[at++] = valueOffset;
    fields[at++] = valueLength;
    fields[at] = id;
    this.count++;
    if (id !== Field.OTHER) this.receivedIds |= 1 << id;
  }

  /** For codecs that write `fields` themselves: room for at least `count` entries. Replaces `fields` when it grows. */
  reserve(count: number): Int32Array {
    while (this.fields.length < count * FIELD_WORDS) this.grow();
    return this.fields;
  }

  /** True when a received field with this id is still there; added fields are not considered. */
  hasReceived(id: number): boolean {
    return (this.receivedIds & (1 << id)) !== 0 && this.indexOfId(id) !== -1;
  }

  /** Index of the first received, not removed field with this id, or -1. */
  indexOfId(id: number): number {
    if ((this.receivedIds & (1 << id)) === 0) return -1;
    const fields = this.fields;
    const end = this.count * FIELD_WORDS;
    for (let at = 4; at < end; at += FIELD_WORDS) {
      if (fields[at] === id) return (at - 4) / FIELD_WORDS;
    }
    return -1;
  }

  /** Value of the first field of that name (lower case), or undefined. */
  get(name: string): string | undefined {
    const index = this.find(name, 0);
    if (index !== -1) return this.valueAt(index);
    const added = this.addedLowerNames.indexOf(name);
    return added === -1 ? undefined : this.addedValues[added];
  }

  /** Values of every field of that name (lower case), received ones first. */
  getAll(name: string): string[] {
    const values: string[] = [];
    for (let i = this.find(name, 0); i !== -1; i = this.find(name, i + 1)) values.push(this.valueAt(i));
    for (let i = 0; i < this.addedNames.length; i++) {
      if (this.addedLowerNames[i] === name) values.push(this.addedValues[i]);
    }
    return values;
  }

  has(name: string): boolean {
    return this.find(name, 0) !== -1 || this.addedLowerNames.includes(name);
  }

  /** Replaces every field of that name (any case) by one. The value must not contain CR, LF or NUL. */
  set(name: string, value: string): void {
    const lowerName = name.toLowerCase();
    this.remove(lowerName);
    this.add(name, value, lowerName);
  }

  /**
   * Adds a field after the others, spelled as given. The value must not contain CR, LF or NUL.
   * @param line what `fieldLine` has made of name and value, where they are known beforehand: spares the work for each message.
   */
  add(name: string, value: string, lowerName: string = name.toLowerCase(), line?: Uint8Array): void {
    this.addedNames.push(name);
    this.addedValues.push(value);
    this.addedLowerNames.push(lowerName);
    this.addedLines.push(line);
  }

  /** Takes back the added field at that position. */
  removeAddedAt(index: number): void {
    this.addedNames.splice(index, 1);
    this.addedValues.splice(index, 1);
    this.addedLowerNames.splice(index, 1);
    this.addedLines.splice(index, 1);
  }

  /** Removes every field of that name (lower case). */
  remove(name: string): void {
    for (let i = this.find(name, 0); i !== -1; i = this.find(name, i + 1)) this.removeAt(i);
    for (let i = this.addedLowerNames.length - 1; i >= 0; i--) {
      if (this.addedLowerNames[i] === name) this.removeAddedAt(i);
    }
  }

  /** Removes every received field with this id; nearly free when there is none. */
  removeId(id: number): void {
    if ((this.receivedIds & (1 << id)) === 0) return;
    const fields = this.fields;
    const end = this.count * FIELD_WORDS;
    for (let at = 4; at < end; at += FIELD_WORDS) {
      if (fields[at] === id) {
        fields[at] = id | REMOVED;
        this.hasRemoved = true;
      }
    }
  }

  removeAt(index: number): void {
    this.fields[index * FIELD_WORDS + 4] |= REMOVED;
    this.hasRemoved = true;
  }

  isRemoved(index: number): boolean {
    return (this.fields[index * FIELD_WORDS + 4] & REMOVED) !== 0;
  }

  /** Field id of a received field, removed or not. */
  idAt(index: number): number {
    return this.fields[index * FIELD_WORDS + 4] & ~REMOVED;
  }

  /** Lower-case name of a received field. */
  nameAt(index: number): string {
    const at = index * FIELD_WORDS;
    const id = this.fields[at + 4] & ~REMOVED;
    if (id !== Field.OTHER) return FIELD_NAMES[id];
    const start = this.fields[at];
    return this.bytes.latin1Slice(start, start + this.fields[at + 1]).toLowerCase();
  }

  valueAt(index: number): string {
    const at = index * FIELD_WORDS + 2;
    const start = this.fields[at];
    return this.bytes.latin1Slice(start, start + this.fields[at + 1]);
  }

  /**
   * Copies the received bytes that fields point into, so that the head survives its batch. `start`…`end` must cover them;
   * `into` is used when it is large enough and belongs to nobody else.
   */
  retain(start: number, end: number, into?: Buffer): void {
    const length = end - start;
    const copy = into !== undefined && into.length >= length ? into : Buffer.allocUnsafeSlow((length | 1023) + 1);
    this.bytes.copy(copy, 0, start, end);
    this.bytes = copy;
    const fields = this.fields;
    for (let at = 0; at < this.count * FIELD_WORDS; at += FIELD_WORDS) {
      fields[at] -= start;
      fields[at + 2] -= start;
    }
  }

  /** Index of the first live received field of that name (lower case) at or after `from`, or -1. */
  private find(name: string, from: number): number {
    const id = FIELD_ID_BY_NAME.get(name) ?? Field.OTHER;
    if (id !== Field.OTHER && (this.receivedIds & (1 << id)) === 0) return -1;
    for (let i = from; i < this.count; i++) {
      const fieldId = this.fields[i * FIELD_WORDS + 4];
      if (fieldId !== id) continue;
      if (id !== Field.OTHER || this.nameEquals(i, name)) return i;
    }
    return -1;
  }

  private nameEquals(index: number, lowerName: string): boolean {
    const at = index * FIELD_WORDS;
    const length = this.fields[at + 1];
    if (length !== lowerName.length) return false;
    const start = this.fields[at];
    for (let i = 0; i < length; i++) {
      let byte = this.bytes[start + i];
      if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
      if (byte !== lowerName.charCodeAt(i)) return false;
    }
    return true;
  }

  private grow(): void {
    const larger = new Int32Array(this.fields.length * 2);
    larger.set(this.fields);
    this.fields = larger;
  }
}
