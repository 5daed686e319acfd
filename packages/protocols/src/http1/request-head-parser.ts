// HTTP/1.x request head: bytes → RequestHead in one pass, then one look at the few fields that frame the message.
// No I/O, no state between calls. Allocates nothing for a method, path and host seen before; a query is a new string.

import { Field } from '../http-head/field-id.ts';
import { FIELD_WORDS } from '../http-head/header-table.ts';
import { BodyKind, type RequestHead } from '../http-head/request-head.ts';
import { CR, LF, QUESTION_MARK, SP, TARGET, TOKEN_LOWER } from './byte-class.ts';
import { ConnectionFlag, connectionFlags, equalsLower } from './connection-options.ts';
import { parseFieldLines } from './field-lines.ts';
import { isPlainlyWritten, readFraming } from './framing.ts';
import { HeadError } from './head-error.ts';
import type { HeadLimits } from './head-limits.ts';
import { InternCache } from './intern.ts';
import { hostString, interpretTarget } from './request-target.ts';
import { firstMarked, otherThanTargetBits, viewOf } from './word-view.ts';

const methods = new InternCache(6);
const VERSION_LINE_BYTES = 10;
/** Fields `interpretFields` acts on have ids up to this one. */
const LAST_INTERPRETED_ID = Field.EXPECT;

/**
 * Parses the request head that starts at `start`. Returns the bytes consumed through the blank line (above 0; includes
 * one leading empty line, which `headOffset`/`headLength` leave out), 0 when `end` comes first, or a `HeadError`.
 * The head is cleared first and is meaningful only after a positive result; its ranges point into `bytes`.
 * The result does not depend on how the bytes were split: a prefix gives 0 or the error the whole would give.
 */
export function parseRequestHead(
  head: RequestHead,
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

function parseWithin(head: RequestHead, bytes: Buffer, start: number, stop: number, limits: HeadLimits): number {
  let position = start;
  if (position >= stop) return 0;
  if (bytes[position] === CR) {
    if (position + 1 >= stop) return 0;
    if (bytes[position + 1] !== LF) return HeadError.BARE_CR;
    position += 2;
    if (position >= stop) return 0;
  }
  const headOffset = position;

  while (TOKEN_LOWER[bytes[position]] !== 0) {
    if (++position >= stop) return 0;
  }
  const methodLength = position - headOffset;
  if (bytes[position] !== SP || methodLength === 0) return methodError(bytes[position], methodLength);
  if (++position >= stop) return 0;

  const targetOffset = position;
  const view = viewOf(bytes);
  let queryMark = -1;
  for (;;) {
    position = scanTarget(view, bytes, position, stop);
    if (position - targetOffset > limits.targetBytesMax) return HeadError.TARGET_TOO_LONG;
    if (position >= stop) return 0;
    if (bytes[position] !== QUESTION_MARK) break;
    if (queryMark === -1) queryMark = position;
    if (++position >= stop) return 0;
  }
  if (bytes[position] !== SP || position === targetOffset) return targetError(bytes[position]);
  head.targetOffset = targetOffset;
  head.targetLength = position - targetOffset;

  if (++position + VERSION_LINE_BYTES > stop) return 0;
  const minorVersion = bytes[position + 7] - 0x30;
  if ((minorVersion !== 1 && minorVersion !== 0) || !isVersionLine(bytes, position))
    return versionError(bytes, position);
  head.minorVersion = minorVersion;

  const after = parseFieldLines(head, bytes, position + VERSION_LINE_BYTES, stop, limits.fieldsMax);
  if (after <= 0) return after;
  head.headOffset = headOffset;
  head.headLength = after - headOffset;
  head.method = methodString(bytes, headOffset, methodLength);
  const fieldError = interpretFields(head, bytes);
  if (fieldError !== 0) return fieldError;
  const targetFault = interpretTarget(head, bytes, queryMark);
  return targetFault === 0 ? after - start : targetFault;
}

/** Index of the first byte at or after `position` that is `?` or cannot stand in a target, or `stop`. */
function scanTarget(view: DataView, bytes: Buffer, position: number, stop: number): number {
  let at = position;
  while (at + 4 <= stop) {
    const marked = otherThanTargetBits(view.getInt32(at, true));
    if (marked !== 0) return at + firstMarked(marked);
    at += 4;
  }
  while (at < stop && TARGET[bytes[at]] !== 0) at++;
  return at;
}

/** Host, framing, persistence, Upgrade and Expect, from the ids of the fields. Returns 0 or a `HeadError`. */
function interpretFields(head: RequestHead, bytes: Buffer): number {
  const fields = head.fields;
  const end = head.count * FIELD_WORDS;
  let seen = 0;
  let connection = 0;
  let expect = false;
  head.host = '';
  for (let at = 0; at < end; at += FIELD_WORDS) {
    const id = fields[at + 4];
    if (id === Field.OTHER || id > LAST_INTERPRETED_ID) continue;
    const offset = fields[at + 2];
    const length = fields[at + 3];
    if (id === Field.HOST) {
      const error = readHost(head, bytes, offset, length, seen);
      if (error !== 0) return error;
    } else if (id === Field.CONNECTION) {
      connection |= connectionFlags(bytes, offset, length);
    } else if (id === Field.CONTENT_LENGTH || id === Field.TRANSFER_ENCODING) {
      const error = readFraming(head, bytes, offset, length, id, seen);
      if (error !== 0) return error;
    } else if (id === Field.EXPECT && length !== 0) {
      if (!equalsLower(bytes, offset, length, '100-continue')) return HeadError.UNKNOWN_EXPECT;
      expect = true;
    }
    seen |= 1 << id;
  }
  if ((seen & (1 << Field.HOST)) === 0 && head.minorVersion === 1) return HeadError.MISSING_HOST;
  if (head.bodyKind === BodyKind.LENGTH && head.bodyBytes === 0) head.bodyKind = BodyKind.NONE;
  if (head.minorVersion === 1) {
    head.keepAlive = (connection & ConnectionFlag.CLOSE) === 0;
    // HTTP/1.0 has neither 100-continue (RFC 9110 §10.1.1) nor Upgrade (§7.8).
    head.expectContinue = expect && head.bodyKind !== BodyKind.NONE;
    head.upgrade = (connection & ConnectionFlag.UPGRADE) !== 0 && (seen & (1 << Field.UPGRADE)) !== 0;
  } else {
    head.keepAlive = (connection & (ConnectionFlag.CLOSE | ConnectionFlag.KEEP_ALIVE)) === ConnectionFlag.KEEP_ALIVE;
  }
  return 0;
}

/** An empty Host is legal (RFC 9110 §7.2) and means: no host. */
function readHost(head: RequestHead, bytes: Buffer, offset: number, length: number, seen: number): number {
  if ((seen & (1 << Field.HOST)) !== 0) return HeadError.DUPLICATE_HOST;
  if (length === 0) return 0;
  const host = hostString(bytes, offset, length);
  if (host === undefined) return HeadError.BAD_HOST;
  head.host = host;
  if (!isPlainlyWritten(bytes, offset, length)) head.hostChanged = true;
  return 0;
}

/** The interned string of a token. */
export function methodString(bytes: Buffer, offset: number, length: number): string {
  if (length === 3 && bytes[offset] === 0x47 && bytes[offset + 1] === 0x45 && bytes[offset + 2] === 0x54) return 'GET';
  return methods.get(bytes, offset, length);
}

/** `HTTP/1.` before the minor digit and CR LF after it. */
function isVersionLine(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x48 &&
    bytes[at + 1] === 0x54 &&
    bytes[at + 2] === 0x54 &&
    bytes[at + 3] === 0x50 &&
    bytes[at + 4] === 0x2f &&
    bytes[at + 5] === 0x31 &&
    bytes[at + 6] === 0x2e &&
    bytes[at + 8] === CR &&
    bytes[at + 9] === LF
  );
}

function methodError(byte: number, length: number): number {
  if (byte === LF) return HeadError.BARE_LF;
  return byte === SP && length === 0 ? HeadError.BAD_REQUEST_LINE : HeadError.BAD_METHOD;
}

function targetError(byte: number): number {
  if (byte === LF) return HeadError.BARE_LF;
  if (byte === 0x23) return HeadError.FRAGMENT;
  return byte === CR || byte === SP ? HeadError.BAD_REQUEST_LINE : HeadError.BAD_TARGET;
}

function versionError(bytes: Buffer, at: number): number {
  const text = bytes.latin1Slice(at, at + VERSION_LINE_BYTES);
  if (/^HTTP\/\d\.\d\r\n$/.test(text)) return HeadError.UNSUPPORTED_VERSION;
  if (/^HTTP\/1\.[01]\n/.test(text)) return HeadError.BARE_LF;
  return HeadError.BAD_VERSION;
}
