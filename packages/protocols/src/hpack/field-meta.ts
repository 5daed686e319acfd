// One integer that says everything about a field which depends on its bytes alone: id, pseudo-header field, faults. Found
// when a literal is read and kept with the entries of both tables, so that an indexed field costs no second look.
// Allocates nothing after module load.

import { FIELD_VALUE, HTAB, SP, TOKEN_LOWER } from '../http1/byte-class.ts';
import { fieldIdAt } from '../http1/field-lookup.ts';
import { controlBits, firstMarked, otherThanNameBits } from '../http1/word-view.ts';
import { FieldFault } from './field-fault.ts';
import { PSEUDO_NAMES } from './pseudo-field.ts';

const PSEUDO_BYTES = PSEUDO_NAMES.map((name) => Buffer.from(name, 'latin1'));
const COOKIE_NAME = Buffer.from('cookie', 'latin1');
const COLON = 0x3a;

/** Layout: id in bits 0 to 7, pseudo-header field from 8, fault of the name from 12, `cookie` at 16, fault of the value from 20. */
const PSEUDO_SHIFT = 8;
const NAME_FAULT_SHIFT = 12;
const COOKIE_BIT = 1 << 16;
const VALUE_FAULT_SHIFT = 20;

/** The part of a meta that the name alone decides. */
export const NAME_META = (1 << VALUE_FAULT_SHIFT) - 1;

export function metaId(meta: number): number {
  return meta & 0xff;
}

export function metaPseudo(meta: number): number {
  return (meta >> PSEUDO_SHIFT) & 15;
}

export function metaIsCookie(meta: number): boolean {
  return (meta & COOKIE_BIT) !== 0;
}

/** The first fault of name and value, or 0. */
export function metaFault(meta: number): number {
  const nameFault = (meta >> NAME_FAULT_SHIFT) & 15;
  return nameFault !== 0 ? nameFault : (meta >> VALUE_FAULT_SHIFT) & 15;
}

/** Meta of a name; `view` covers `bytes`. */
export function nameMeta(bytes: Buffer, view: DataView, offset: number, length: number): number {
  if (length === 0) return FieldFault.EMPTY_NAME << NAME_FAULT_SHIFT;
  if (bytes[offset] === COLON) return pseudoMeta(bytes, offset, length);
  const end = offset + length;
  let at = offset;
  while (at + 4 <= end) {
    const word = view.getInt32(at, true);
    // Of the bytes that pass, only upper-case letters lack bit 0x20.
    if (otherThanNameBits(word) !== 0 || (word & 0x20202020) !== 0x20202020) break;
    at += 4;
  }
  for (; at < end; at++) {
    const byte = bytes[at];
    if (TOKEN_LOWER[byte] !== byte) return nameFaultMeta(bytes, at, end);
  }
  const id = fieldIdAt(bytes, view, offset, length);
  return id === 0 && isName(bytes, offset, length, COOKIE_NAME) ? COOKIE_BIT : id;
}

/** What a value adds to the meta of its name. */
export function valueMeta(bytes: Buffer, view: DataView, offset: number, length: number): number {
  if (length === 0) return 0;
  const end = offset + length;
  for (let at = offset; at < end; at++) {
    if (at + 4 <= end) {
      const marked = controlBits(view.getInt32(at, true));
      if (marked === 0) {
        at += 3;
        continue;
      }
      at += firstMarked(marked);
    }
    if (FIELD_VALUE[bytes[at]] === 0) return FieldFault.CONTROL_BYTE << VALUE_FAULT_SHIFT;
  }
  return isSpace(bytes[offset]) || isSpace(bytes[end - 1]) ? FieldFault.OUTER_SPACE << VALUE_FAULT_SHIFT : 0;
}

function isSpace(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

function pseudoMeta(bytes: Buffer, offset: number, length: number): number {
  for (let pseudo = 1; pseudo < PSEUDO_BYTES.length; pseudo++) {
    if (isName(bytes, offset, length, PSEUDO_BYTES[pseudo])) return pseudo << PSEUDO_SHIFT;
  }
  return FieldFault.UNKNOWN_PSEUDO << NAME_FAULT_SHIFT;
}

/** Cold: a byte that no token has is worse than an upper-case letter, wherever it stands. */
function nameFaultMeta(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (TOKEN_LOWER[bytes[at]] === 0) return FieldFault.BAD_NAME << NAME_FAULT_SHIFT;
  }
  return FieldFault.UPPER_CASE_NAME << NAME_FAULT_SHIFT;
}

function isName(bytes: Buffer, offset: number, length: number, name: Buffer): boolean {
  if (length !== name.length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[offset + i] !== name[i]) return false;
  }
  return true;
}
