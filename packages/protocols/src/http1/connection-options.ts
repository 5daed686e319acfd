// The Connection field (RFC 9110 §7.6.1): persistence flags for the parsers, tokens for hop-by-hop removal.
// Field lines that are not well-formed lists lose the broken elements only: the field steers this hop and nothing else.

import { Field } from '../http-head/field-id.ts';
import { FIELD_WORDS, type HeaderTable } from '../http-head/header-table.ts';
import { COMMA, HTAB, SP, TOKEN_LOWER } from './byte-class.ts';

export const ConnectionFlag = { CLOSE: 1, KEEP_ALIVE: 2, UPGRADE: 4, OTHER: 8 } as const;

/** Flags of one Connection value. Allocates nothing. */
export function connectionFlags(bytes: Buffer, offset: number, length: number): number {
  const end = offset + length;
  let flags = 0;
  let at = offset;
  while (at < end) {
    const comma = elementEnd(bytes, at, end);
    const start = skipSpace(bytes, at, comma);
    const size = trimSpace(bytes, start, comma) - start;
    if (equalsLower(bytes, start, size, 'close')) flags |= ConnectionFlag.CLOSE;
    else if (equalsLower(bytes, start, size, 'keep-alive')) flags |= ConnectionFlag.KEEP_ALIVE;
    else if (equalsLower(bytes, start, size, 'upgrade')) flags |= ConnectionFlag.UPGRADE;
    else if (size > 0) flags |= ConnectionFlag.OTHER;
    at = comma + 1;
  }
  return flags;
}

/** Is there any option besides close, keep-alive and upgrade? Allocates nothing. */
export function connectionNamesFields(head: HeaderTable): boolean {
  if ((head.receivedIds & (1 << Field.CONNECTION)) === 0) return false;
  const { fields, bytes } = head;
  const end = head.count * FIELD_WORDS;
  for (let at = 0; at < end; at += FIELD_WORDS) {
    if (fields[at + 4] !== Field.CONNECTION) continue;
    if ((connectionFlags(bytes, fields[at + 2], fields[at + 3]) & ConnectionFlag.OTHER) !== 0) return true;
  }
  return false;
}

/**
 * Every connection option of the received, not removed Connection lines, lower case, in order, duplicates kept.
 * Elements that are not tokens are left out. The caller removes the fields these name before it forwards the head.
 */
export function connectionOptions(head: HeaderTable): string[] {
  const options: string[] = [];
  if (!head.hasReceived(Field.CONNECTION)) return options;
  const bytes = head.bytes;
  for (let index = 0; index < head.count; index++) {
    const at = index * FIELD_WORDS;
    if (head.fields[at + 4] !== Field.CONNECTION) continue;
    const end = head.fields[at + 2] + head.fields[at + 3];
    for (let from = head.fields[at + 2]; from < end; ) {
      const comma = elementEnd(bytes, from, end);
      const start = skipSpace(bytes, from, comma);
      const stop = trimSpace(bytes, start, comma);
      if (isToken(bytes, start, stop)) options.push(bytes.latin1Slice(start, stop).toLowerCase());
      from = comma + 1;
    }
  }
  return options;
}

/** True when the range equals `text` (lower case) apart from the case of letters. */
export function equalsLower(bytes: Buffer, offset: number, length: number, text: string): boolean {
  if (length !== text.length) return false;
  for (let i = 0; i < length; i++) {
    if (TOKEN_LOWER[bytes[offset + i]] !== text.charCodeAt(i)) return false;
  }
  return true;
}

function elementEnd(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] !== COMMA) at++;
  return at;
}

function skipSpace(bytes: Buffer, from: number, end: number): number {
  let at = from;
  while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
  return at;
}

function trimSpace(bytes: Buffer, start: number, end: number): number {
  let at = end;
  while (at > start && (bytes[at - 1] === SP || bytes[at - 1] === HTAB)) at--;
  return at;
}

function isToken(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (TOKEN_LOWER[bytes[at]] === 0) return false;
  }
  return end > start;
}
