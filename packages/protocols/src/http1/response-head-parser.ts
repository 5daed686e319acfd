// HTTP/1.x response head: bytes → ResponseHead in one pass, as strict as for requests: an upstream that breaks framing
// must not poison a pooled connection. No I/O, no state between calls, no allocation.

import { Field } from '../http-head/field-id.ts';
import { FIELD_WORDS } from '../http-head/header-table.ts';
import { BodyKind } from '../http-head/request-head.ts';
import type { ResponseHead } from '../http-head/response-head.ts';
import { CR, FIELD_VALUE, LF, SP } from './byte-class.ts';
import { ConnectionFlag, connectionFlags } from './connection-options.ts';
import { parseFieldLines } from './field-lines.ts';
import { readFraming } from './framing.ts';
import { HeadError } from './head-error.ts';
import type { HeadLimits } from './head-limits.ts';

/** `HTTP/1.1 200` and the byte after it. */
const STATUS_BYTES = 13;

/**
 * Parses the response head that starts at `start`. Returns its length through the blank line (above 0), 0 when `end`
 * comes first, or a `HeadError`. The head is cleared first and is meaningful only after a positive result.
 * `bodyKind` is what the bytes say; `responseBodyKind` gives the final framing.
 */
export function parseResponseHead(
  head: ResponseHead,
  bytes: Buffer,
  start: number,
  end: number,
  limits: HeadLimits,
): number {
  head.clear(bytes);
  const stop = end - start > limits.headBytesMax ? start + limits.headBytesMax : end;
  const result = parseWithin(head, bytes, start, stop, limits);
  return result === 0 && stop - start >= limits.headBytesMax ? HeadError.HEAD_TOO_LARGE : result;
}

function parseWithin(head: ResponseHead, bytes: Buffer, start: number, stop: number, limits: HeadLimits): number {
  // No status line is that short: waiting for more of what has ended already would be for ever.
  if (start + STATUS_BYTES > stop) return endsLine(bytes, start, stop) ? HeadError.BAD_STATUS_LINE : 0;
  const statusError = readStatus(head, bytes, start);
  if (statusError !== 0) {
    // The same answer as when less of it had come.
    return endsLine(bytes, start, start + STATUS_BYTES) ? HeadError.BAD_STATUS_LINE : statusError;
  }

  let position = start + STATUS_BYTES - 1;
  // The space after the status is required, but common servers leave it out together with the reason.
  if (bytes[position] === SP) position++;
  if (position >= stop) return 0;
  head.reasonOffset = position;
  while (FIELD_VALUE[bytes[position]] !== 0) {
    if (++position >= stop) return 0;
  }
  head.reasonLength = position - head.reasonOffset;
  if (bytes[position] !== CR) return bytes[position] === LF ? HeadError.BARE_LF : HeadError.CONTROL_BYTE;
  if (position + 1 >= stop) return 0;
  if (bytes[position + 1] !== LF) return HeadError.BARE_CR;

  const after = parseFieldLines(head, bytes, position + 2, stop, limits.fieldsMax);
  if (after <= 0) return after;
  head.headOffset = start;
  head.headLength = after - start;
  const fieldError = interpretFields(head, bytes);
  return fieldError === 0 ? after - start : fieldError;
}

function endsLine(bytes: Buffer, start: number, stop: number): boolean {
  for (let position = start; position < stop; position++) if (bytes[position] === LF) return true;
  return false;
}

/** Version and three-digit status from 100 to 999 with a space or CR after it. */
function readStatus(head: ResponseHead, bytes: Buffer, at: number): number {
  if (
    bytes[at] !== 0x48 ||
    bytes[at + 1] !== 0x54 ||
    bytes[at + 2] !== 0x54 ||
    bytes[at + 3] !== 0x50 ||
    bytes[at + 4] !== 0x2f ||
    bytes[at + 6] !== 0x2e ||
    bytes[at + 8] !== SP
  ) {
    return HeadError.BAD_STATUS_LINE;
  }
  const minorVersion = bytes[at + 7] - 0x30;
  if (bytes[at + 5] !== 0x31 || (minorVersion !== 1 && minorVersion !== 0)) return HeadError.UNSUPPORTED_VERSION;
  const hundreds = bytes[at + 9] - 0x30;
  const tens = bytes[at + 10] - 0x30;
  const units = bytes[at + 11] - 0x30;
  if (hundreds < 1 || hundreds > 9 || tens < 0 || tens > 9 || units < 0 || units > 9) return HeadError.BAD_STATUS_LINE;
  if (bytes[at + 12] !== SP && bytes[at + 12] !== CR) return HeadError.BAD_STATUS_LINE;
  head.minorVersion = minorVersion;
  head.status = hundreds * 100 + tens * 10 + units;
  return 0;
}

/** Framing and persistence (RFC 9112 §6.3, §9.3). Returns 0 or a `HeadError`. */
function interpretFields(head: ResponseHead, bytes: Buffer): number {
  const fields = head.fields;
  const end = head.count * FIELD_WORDS;
  let seen = 0;
  let connection = 0;
  head.bodyKind = BodyKind.UNTIL_CLOSE;
  head.bodyBytes = 0;
  for (let at = 0; at < end; at += FIELD_WORDS) {
    const id = fields[at + 4];
    if (id === Field.OTHER || id > Field.TRANSFER_ENCODING) continue;
    if (id === Field.CONNECTION) {
      connection |= connectionFlags(bytes, fields[at + 2], fields[at + 3]);
    } else if (id !== Field.HOST) {
      const error = readFraming(head, bytes, fields[at + 2], fields[at + 3], id, seen);
      if (error !== 0) return error;
    }
    seen |= 1 << id;
  }
  if (head.minorVersion === 1) head.keepAlive = (connection & ConnectionFlag.CLOSE) === 0;
  else head.keepAlive = (connection & (ConnectionFlag.CLOSE | ConnectionFlag.KEEP_ALIVE)) === ConnectionFlag.KEEP_ALIVE;
  if (announcesForbiddenBody(head)) head.keepAlive = false;
  return 0;
}

/** 1xx and 204 have no body and must not announce one (RFC 9112 §6.1, RFC 9110 §8.6): what follows is not to be trusted. */
function announcesForbiddenBody(head: ResponseHead): boolean {
  if (head.status >= 200 && head.status !== 204) return false;
  return head.bodyKind === BodyKind.CHUNKED || (head.bodyKind === BodyKind.LENGTH && head.bodyBytes !== 0);
}
