// Serialises the fields that were added to a head as strings. The last door before the wire: names must be tokens and
// values free of line ends and control bytes, so that no configuration or plugin can split a message.
// Allocates nothing.

import type { HeaderTable } from '../http-head/header-table.ts';
import { COLON, CR, FIELD_VALUE, LF, SP, TOKEN_LOWER } from './byte-class.ts';

const SEPARATORS_BYTES = 4;

/** True for a non-empty token (RFC 9110 §5.6.2). */
export function isFieldName(name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0xff || TOKEN_LOWER[code] === 0) return false;
  }
  return name.length > 0;
}

/** True when every character is HTAB, space, visible ASCII or U+0080 to U+00FF (one byte each on the wire). */
export function isFieldValue(value: string): boolean {
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff || FIELD_VALUE[code] === 0) return false;
  }
  return true;
}

/** A field as it goes out, with its line end; for `HeaderTable.add`. @throws RangeError as `writeAddedFields`. */
export function fieldLine(name: string, value: string): Uint8Array {
  const line = new Uint8Array(name.length + value.length + SEPARATORS_BYTES);
  writeField(line, 0, name, value);
  return line;
}

/** To be called before any byte of a head is sent: a half-sent one cannot be taken back. @throws RangeError as `writeAddedFields`. */
export function checkAddedFields(head: HeaderTable): void {
  for (let i = 0; i < head.addedNames.length; i++) {
    if (head.addedLines[i] !== undefined) continue;
    const name = head.addedNames[i];
    if (!isFieldName(name)) throw new RangeError(`field name ${JSON.stringify(name)} is not a token`);
    if (!isFieldValue(head.addedValues[i]))
      throw new RangeError(`the value of field ${name} holds a forbidden character`);
  }
}

/** Bytes that `writeAddedFields` writes for this head. */
export function addedFieldsBytes(head: HeaderTable): number {
  let size = 0;
  for (let i = 0; i < head.addedNames.length; i++) {
    size += head.addedNames[i].length + head.addedValues[i].length + SEPARATORS_BYTES;
  }
  return size;
}

/**
 * Writes `name: value` CR LF for every added field, in order, and returns the offset after the last. Throws RangeError
 * for a name that is no token, a value that `isFieldValue` refuses, or a buffer that is too short (see
 * `addedFieldsBytes`); what was written until then must not be sent.
 */
export function writeAddedFields(head: HeaderTable, buffer: Uint8Array, offset: number): number {
  if (offset < 0 || offset + addedFieldsBytes(head) > buffer.length) {
    throw new RangeError('the added fields do not fit into the buffer');
  }
  let at = offset;
  for (let i = 0; i < head.addedNames.length; i++) {
    const line = head.addedLines[i];
    if (line === undefined) {
      at = writeField(buffer, at, head.addedNames[i], head.addedValues[i]);
    } else {
      buffer.set(line, at);
      at += line.length;
    }
  }
  return at;
}

function writeField(buffer: Uint8Array, offset: number, name: string, value: string): number {
  let at = writeName(buffer, offset, name);
  buffer[at++] = COLON;
  buffer[at++] = SP;
  at = writeValue(buffer, at, value, name);
  buffer[at++] = CR;
  buffer[at++] = LF;
  return at;
}

function writeName(buffer: Uint8Array, offset: number, name: string): number {
  const length = name.length;
  if (length === 0) throw new RangeError('a field name is empty');
  for (let i = 0; i < length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0xff || TOKEN_LOWER[code] === 0)
      throw new RangeError(`field name ${JSON.stringify(name)} is not a token`);
    buffer[offset + i] = code;
  }
  return offset + length;
}

function writeValue(buffer: Uint8Array, offset: number, value: string, name: string): number {
  const length = value.length;
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code > 0xff || FIELD_VALUE[code] === 0) {
      throw new RangeError(`the value of field ${name} holds the forbidden character U+${code.toString(16)}`);
    }
    buffer[offset + i] = code;
  }
  return offset + length;
}
