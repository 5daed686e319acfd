// The decoded fields of one response or trailer section in HTTP/2 (RFC 9113 §8.1, §8.2, §8.3.2) → ResponseHead or a table, so that
// whoever reads them cannot tell how they came. Lets nothing pass that could not stand in a message of HTTP/1. No I/O; allocates
// nothing.

import type { FieldSection } from '../hpack/field-section.ts';
import { Pseudo } from '../hpack/pseudo-field.ts';
import { Field } from '../http-head/field-id.ts';
import { FIELD_WORDS, type HeaderTable } from '../http-head/header-table.ts';
import { BodyKind } from '../http-head/request-head.ts';
import type { ResponseHead } from '../http-head/response-head.ts';
import { parseContentLength } from '../http1/framing.ts';
import { dropForbiddenTrailers } from '../http1/trailer-fields.ts';

const STATUS_DIGITS = 3;
const ZERO = 0x30;

/** What belongs to one connection of HTTP/1 (§8.2.2). */
const CONNECTION_FIELDS =
  (1 << Field.CONNECTION) |
  (1 << Field.TRANSFER_ENCODING) |
  (1 << Field.UPGRADE) |
  (1 << Field.KEEP_ALIVE) |
  (1 << Field.PROXY_CONNECTION);

/**
 * Fills `head` from a section that was decoded without error; its ranges point into the bytes of the section. `endStream`: no body
 * follows, and `bodyKind` is NONE; otherwise it is LENGTH with a length, which is a promise to be checked, or UNTIL_CLOSE.
 * @returns false when the response is malformed (§8.1.1): its stream is to be reset. The head is of no use then.
 */
export function takeResponseFields(section: FieldSection, head: ResponseHead, endStream: boolean): boolean {
  if (section.fault !== 0 || section.pseudoIds !== 1 << Pseudo.STATUS) return false;
  const status = statusOf(section);
  section.moveTo(head);
  head.minorVersion = 1;
  head.status = status;
  head.reasonLength = 0;
  head.headOffset = 0;
  head.headLength = section.length;
  // §8.6: there is no switching of protocols.
  if (status < 100 || status === 101 || (head.receivedIds & CONNECTION_FIELDS) !== 0) return false;
  // §8.1: an interim head never ends its stream.
  if (status < 200 && endStream) return false;
  const bytes = contentBytes(head);
  if (bytes < -1) return false;
  if (!endStream) head.bodyKind = bytes === -1 ? BodyKind.UNTIL_CLOSE : BodyKind.LENGTH;
  head.bodyBytes = Math.max(0, bytes);
  return true;
}

/**
 * The same for trailers: what must not be sent late is left out.
 * @returns false when they are malformed.
 */
export function takeTrailerFields(section: FieldSection, trailers: HeaderTable): boolean {
  if (section.fault !== 0 || section.pseudoIds !== 0) return false;
  section.moveTo(trailers);
  if ((trailers.receivedIds & CONNECTION_FIELDS) !== 0) return false;
  dropForbiddenTrailers(trailers);
  return true;
}

/** 0 when it is no status. */
function statusOf({ bytes, pseudo }: FieldSection): number {
  const offset = pseudo[Pseudo.STATUS * 2];
  if (pseudo[Pseudo.STATUS * 2 + 1] !== STATUS_DIGITS) return 0;
  let status = 0;
  for (let at = offset; at < offset + STATUS_DIGITS; at++) {
    const digit = bytes[at] - ZERO;
    if (digit < 0 || digit > 9) return 0;
    status = status * 10 + digit;
  }
  return status;
}

/** -1: no length; less: it is wrong, or there are two. */
function contentBytes(head: ResponseHead): number {
  if ((head.receivedIds & (1 << Field.CONTENT_LENGTH)) === 0) return -1;
  const { fields, bytes } = head;
  let value = -1;
  for (let at = 0; at < head.count * FIELD_WORDS; at += FIELD_WORDS) {
    if (fields[at + 4] !== Field.CONTENT_LENGTH) continue;
    if (value !== -1) return -2;
    value = parseContentLength(bytes, fields[at + 2], fields[at + 3]);
    if (value < 0) return -2;
    head.lengthUnusual = fields[at + 3] > 1 && bytes[fields[at + 2]] === ZERO;
  }
  return value;
}
