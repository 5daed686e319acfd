// One pass over the field lines of a head or trailer section: structure only, every byte looked at once.
// What a field means (framing, Host, Connection) is decided afterwards from its id.
// Allocates nothing, except that the table grows when a message has more fields than any before it.

import { FIELD_WORDS, type HeaderTable } from '../http-head/header-table.ts';
import { COLON, CR, FIELD_VALUE, HTAB, LF, SP, TOKEN_LOWER } from './byte-class.ts';
import { fieldIdAt } from './field-lookup.ts';
import { HeadError } from './head-error.ts';
import { controlBits, firstMarked, otherThanNameBits, viewOf } from './word-view.ts';

/**
 * Parses field lines from `position` through the blank line; the table must be cleared.
 * Returns the index after the blank line (above 0), 0 when `stop` comes first, or a `HeadError`.
 * Grammar: RFC 9112 §5 without obs-fold (§5.2 lets a server refuse it) and without bare CR or LF (§2.2).
 */
export function parseFieldLines(
  table: HeaderTable,
  bytes: Buffer,
  position: number,
  stop: number,
  fieldsMax: number,
): number {
  const view = viewOf(bytes);
  let fields = table.fields;
  let at = 0;
  let ids = 0;
  for (;;) {
    if (position >= stop) return 0;
    if (bytes[position] === CR) {
      if (position + 1 >= stop) return 0;
      if (bytes[position + 1] !== LF) return HeadError.BARE_CR;
      table.count = at / FIELD_WORDS;
      table.receivedIds = ids;
      return position + 2;
    }

    const nameOffset = position;
    while (position + 4 <= stop) {
      const marked = otherThanNameBits(view.getInt32(position, true));
      if (marked !== 0) {
        position += firstMarked(marked);
        break;
      }
      position += 4;
    }
    if (position >= stop) return 0;
    while (TOKEN_LOWER[bytes[position]] !== 0) {
      if (++position >= stop) return 0;
    }
    const nameLength = position - nameOffset;
    if (bytes[position] !== COLON || nameLength === 0) return nameError(bytes[position], nameLength, at === 0);
    if (++position >= stop) return 0;

    if (bytes[position] === SP && ++position >= stop) return 0;
    while (bytes[position] === SP || bytes[position] === HTAB) {
      if (++position >= stop) return 0;
    }
    const valueOffset = position;
    position = scanValue(view, bytes, position, stop);
    if (position >= stop) return 0;
    if (bytes[position] !== CR) return bytes[position] === LF ? HeadError.BARE_LF : HeadError.CONTROL_BYTE;
    if (position + 1 >= stop) return 0;
    if (bytes[position + 1] !== LF) return HeadError.BARE_CR;
    let valueEnd = position;
    while (valueEnd > valueOffset && (bytes[valueEnd - 1] === SP || bytes[valueEnd - 1] === HTAB)) valueEnd--;
    position += 2;

    if (at === fields.length) fields = table.reserve(at / FIELD_WORDS + 1);
    if (at === fieldsMax * FIELD_WORDS) return HeadError.TOO_MANY_FIELDS;
    const id = fieldIdAt(bytes, view, nameOffset, nameLength);
    fields[at] = nameOffset;
    fields[at + 1] = nameLength;
    fields[at + 2] = valueOffset;
    fields[at + 3] = valueEnd - valueOffset;
    fields[at + 4] = id;
    at += FIELD_WORDS;
    if (id !== 0) ids |= 1 << id;
  }
}

/** Index of the first byte at or after `position` that cannot stand in a field value, or `stop`. */
function scanValue(view: DataView, bytes: Buffer, position: number, stop: number): number {
  let at = position;
  for (;;) {
    while (at + 4 <= stop) {
      const marked = controlBits(view.getInt32(at, true));
      if (marked !== 0) {
        at += firstMarked(marked);
        break;
      }
      at += 4;
    }
    // Here stands a marked byte, or fewer than four are left. HTAB is marked, but legal.
    while (at < stop && FIELD_VALUE[bytes[at]] !== 0 && (at + 4 > stop || bytes[at] === HTAB)) at++;
    if (at >= stop || FIELD_VALUE[bytes[at]] === 0) return at;
  }
}

/** Cold: names what is wrong with the byte that stopped a field name. */
function nameError(byte: number, nameLength: number, first: boolean): number {
  if (byte === LF) return HeadError.BARE_LF;
  if (byte === SP || byte === HTAB) {
    if (nameLength !== 0) return HeadError.SPACE_BEFORE_COLON;
    return first ? HeadError.LEADING_WHITESPACE : HeadError.OBS_FOLD;
  }
  if (byte === COLON) return HeadError.EMPTY_NAME;
  if (byte === CR) return HeadError.MISSING_COLON;
  return FIELD_VALUE[byte] === 0 ? HeadError.CONTROL_BYTE : HeadError.BAD_NAME;
}
