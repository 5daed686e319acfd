// The name of the field that an encoder is about to write: lower case, with its hash, its index in the static table and what
// is known about the fields of that name. Names we know are prepared at module load. One object serves all encoders of a
// process, because no field is left half done. Allocates nothing, except that room for names grows to the longest.

import { FIELD_NAMES } from '../http-head/field-id.ts';
import { TOKEN_LOWER } from '../http1/byte-class.ts';
import { hashBytes } from './byte-hash.ts';
import { copyBytes, equalBytes } from './copy-bytes.ts';
import { PSEUDO_NAMES } from './pseudo-field.ts';
import { isSecretName } from './secret-name.ts';
import { STATIC_FIELDS, STATIC_INDEX_BY_NAME } from './static-table.ts';

/** What usually pays for the fields of one name. */
export const Habit = {
  /** Nothing is known: what comes twice is indexed. */
  UNKNOWN: 0,
  /** The same value comes again and again: indexed at once. */
  REPEATS: 1,
  /** Guessing must not be helped (RFC 7541 §7.1): never indexed. */
  SECRET: 2,
} as const;

/** Static names whose values seldom repeat, or only for a while. */
const VARYING_NAMES: ReadonlySet<string> = new Set([
  ...[':path', 'age', 'content-length', 'content-location', 'content-range', 'date', 'etag', 'expires', 'if-match'],
  ...['if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-modified', 'link', 'location'],
  ...['max-forwards', 'range', 'referer', 'refresh', 'retry-after', 'proxy-authenticate', 'www-authenticate'],
]);

interface KnownName {
  readonly offset: number;
  readonly length: number;
  readonly hash: number;
  readonly staticIndex: number;
  readonly habit: number;
}

const KNOWN_NAMES: readonly string[] = [
  ...new Set([...STATIC_FIELDS.map(([name]) => name), ...FIELD_NAMES.slice(1), ...PSEUDO_NAMES.slice(1)]),
];
const KNOWN_TEXT = KNOWN_NAMES.join('');
const FREE_MIN_BYTES = 256;
const COLON = 0x3a;
const SLOTS = 512;
const SLOT_SHIFT = 23;

export class EncoderName {
  /** The known names, then room for one more. */
  bytes: Buffer = Buffer.alloc(KNOWN_TEXT.length + FREE_MIN_BYTES, KNOWN_TEXT, 'latin1');
  view: DataView = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length);
  offset = 0;
  length = 0;
  hash = 0;
  /** First index in the static table; 0 when it is not there. */
  staticIndex = 0;
  habit: number = Habit.UNKNOWN;
  private readonly known: readonly KnownName[];
  private readonly knownById: readonly (KnownName | undefined)[];
  private readonly knownByPseudo: readonly (KnownName | undefined)[];
  /** Open addressing by hash: index in `known` plus 1. */
  private readonly slots = new Uint8Array(SLOTS);

  constructor() {
    let offset = 0;
    this.known = KNOWN_NAMES.map((name) => {
      const known = this.makeKnown(name, offset);
      offset += name.length;
      return known;
    });
    this.known.forEach(({ hash }, index) => {
      let slot = hash >>> SLOT_SHIFT;
      while (this.slots[slot] !== 0) slot = (slot + 1) % SLOTS;
      this.slots[slot] = index + 1;
    });
    this.knownById = FIELD_NAMES.map((name) => this.known[KNOWN_NAMES.indexOf(name)]);
    this.knownByPseudo = PSEUDO_NAMES.map((name) => this.known[KNOWN_NAMES.indexOf(name)]);
  }

  /** Takes the name of a field id other than OTHER. */
  useId(id: number): void {
    this.take(this.knownById[id]!);
  }

  /** Takes the name of a pseudo-header field, by its number. */
  usePseudo(pseudo: number): void {
    this.take(this.knownByPseudo[pseudo]!);
  }

  /** Takes a token in any case. @throws RangeError when it is none. */
  useBytes(bytes: Buffer, offset: number, length: number): void {
    const into = this.reserve(length);
    for (let i = 0; i < length; i++) {
      const byte = TOKEN_LOWER[bytes[offset + i]];
      if (byte === 0) throw new RangeError('a field name is not a token');
      into[KNOWN_TEXT.length + i] = byte;
    }
    if (length === 0) throw new RangeError('a field name is empty');
    this.lookUp(length);
  }

  /** Takes a name in any case, a pseudo-header field or a token. @throws RangeError when it is neither. */
  useString(name: string): void {
    const { length } = name;
    const into = this.reserve(length);
    for (let i = 0; i < length; i++) {
      const code = name.charCodeAt(i);
      const byte = code > 0xff ? 0 : code === COLON && i === 0 ? COLON : TOKEN_LOWER[code];
      if (byte === 0) throw new RangeError(`field name ${JSON.stringify(name)} is not a token`);
      into[KNOWN_TEXT.length + i] = byte;
    }
    if (length === 0) throw new RangeError('a field name is empty');
    this.lookUp(length);
  }

  /** Whether this name is that range of `bytes`, which `view` covers. */
  equals(bytes: Buffer, view: DataView, offset: number, length: number): boolean {
    return length === this.length && equalBytes(this.bytes, this.view, this.offset, length, bytes, view, offset);
  }

  private take(known: KnownName): void {
    this.offset = known.offset;
    this.length = known.length;
    this.hash = known.hash;
    this.staticIndex = known.staticIndex;
    this.habit = known.habit;
  }

  /** Finds out about the name that was written behind the known ones. */
  private lookUp(length: number): void {
    const offset = KNOWN_TEXT.length;
    const hash = hashBytes(this.bytes, this.view, offset, length, 0);
    this.offset = offset;
    this.length = length;
    for (let slot = hash >>> SLOT_SHIFT; this.slots[slot] !== 0; slot = (slot + 1) % SLOTS) {
      const known = this.known[this.slots[slot] - 1];
      if (known.hash === hash && this.equals(this.bytes, this.view, known.offset, known.length)) {
        this.take(known);
        return;
      }
    }
    this.hash = hash;
    this.staticIndex = 0;
    this.habit = isSecretName(this.bytes, offset, length) ? Habit.SECRET : Habit.UNKNOWN;
  }

  private makeKnown(name: string, offset: number): KnownName {
    const staticIndex = STATIC_INDEX_BY_NAME.get(name) ?? 0;
    const repeats = staticIndex !== 0 && !VARYING_NAMES.has(name);
    const isSecret = isSecretName(this.bytes, offset, name.length);
    const hash = hashBytes(this.bytes, this.view, offset, name.length, 0);
    const habit = isSecret ? Habit.SECRET : repeats ? Habit.REPEATS : Habit.UNKNOWN;
    return { offset, length: name.length, hash, staticIndex, habit };
  }

  private reserve(length: number): Buffer {
    if (KNOWN_TEXT.length + length > this.bytes.length) {
      const larger = Buffer.alloc(KNOWN_TEXT.length + 2 * length);
      const view = new DataView(larger.buffer, larger.byteOffset, larger.length);
      copyBytes(this.bytes, this.view, 0, KNOWN_TEXT.length, larger, view, 0);
      this.bytes = larger;
      this.view = view;
    }
    return this.bytes;
  }
}
