// The decoded fields of one request in HTTP/2 (RFC 9113 §8.2, §8.3; RFC 8441 §4) → RequestHead, by the same rules for targets,
// hosts and lengths as HTTP/1, so that whoever reads it cannot tell how it came. Lets nothing pass that could not stand in a
// request of HTTP/1. No I/O; allocates nothing for a method, path and host seen before.

import type { FieldSection } from '../hpack/field-section.ts';
import { Pseudo } from '../hpack/pseudo-field.ts';
import { Field } from '../http-head/field-id.ts';
import { FIELD_WORDS } from '../http-head/header-table.ts';
import { BodyKind, type RequestHead } from '../http-head/request-head.ts';
import { QUESTION_MARK, TARGET, TOKEN_LOWER } from '../http1/byte-class.ts';
import { equalsLower } from '../http1/connection-options.ts';
import { parseContentLength } from '../http1/framing.ts';
import { HeadError } from '../http1/head-error.ts';
import type { HeadLimits } from '../http1/head-limits.ts';
import { methodString } from '../http1/request-head-parser.ts';
import { hostString, interpretTarget } from '../http1/request-target.ts';
import { RequestFault } from './request-fault.ts';

const SLASH = 0x2f;
const ASTERISK = 0x2a;
const ZERO = 0x30;
const HASH = 0x23;

/** What belongs to one connection of HTTP/1 (§8.2.2); TE has a rule of its own. */
const CONNECTION_FIELDS =
  (1 << Field.CONNECTION) |
  (1 << Field.TRANSFER_ENCODING) |
  (1 << Field.UPGRADE) |
  (1 << Field.KEEP_ALIVE) |
  (1 << Field.PROXY_CONNECTION);

/**
 * Fills `head` from a section that was decoded without error; its ranges point into the bytes of the section. `endStream`: no body
 * follows. CONNECT with `:protocol` becomes a GET that asks for `Upgrade`.
 * @returns 0, a `HeadError`, or a `RequestFault`; the head is of no use unless it is 0.
 */
export function takeRequestFields(
  section: FieldSection,
  head: RequestHead,
  endStream: boolean,
  limits: HeadLimits,
): number {
  if (section.fault !== 0 || section.hasPseudo(Pseudo.STATUS)) return RequestFault.MALFORMED;
  section.joinCookies();
  section.moveTo(head);
  head.minorVersion = 1;
  head.host = '';
  head.headOffset = 0;
  head.headLength = section.length;
  if ((head.receivedIds & CONNECTION_FIELDS) !== 0) return RequestFault.MALFORMED;
  return (
    takeMethod(section, head) ||
    takeScheme(section) ||
    takeAuthority(section, head) ||
    takeFields(head, endStream) ||
    takeTarget(section, head, limits)
  );
}

function takeMethod(section: FieldSection, head: RequestHead): number {
  if (!section.hasPseudo(Pseudo.METHOD)) return RequestFault.MALFORMED;
  const { bytes, pseudo } = section;
  const offset = pseudo[Pseudo.METHOD * 2];
  const length = pseudo[Pseudo.METHOD * 2 + 1];
  for (let at = offset; at < offset + length; at++) if (TOKEN_LOWER[bytes[at]] === 0) return RequestFault.MALFORMED;
  if (length === 0) return RequestFault.MALFORMED;
  head.method = methodString(bytes, offset, length);
  const extended = section.hasPseudo(Pseudo.PROTOCOL);
  const plainConnect = head.method === 'CONNECT' && !extended;
  // §8.5 and RFC 8441 §4: which of the others there are depends on it.
  if (extended && head.method !== 'CONNECT') return RequestFault.MALFORMED;
  if (section.hasPseudo(Pseudo.SCHEME) === plainConnect) return RequestFault.MALFORMED;
  if (section.hasPseudo(Pseudo.PATH) === plainConnect) return RequestFault.MALFORMED;
  if (head.method !== 'CONNECT') return 0;
  if (!section.hasPseudo(Pseudo.AUTHORITY)) return RequestFault.MALFORMED;
  return extended ? takeProtocol(section, head) : 0;
}

function takeProtocol(section: FieldSection, head: RequestHead): number {
  const offset = section.pseudo[Pseudo.PROTOCOL * 2];
  const length = section.pseudo[Pseudo.PROTOCOL * 2 + 1];
  if (!equalsLower(section.bytes, offset, length, 'websocket')) return RequestFault.UNKNOWN_PROTOCOL;
  head.method = 'GET';
  head.upgrade = true;
  return 0;
}

/** Of no other consequence: who is secure is known from the connection. */
function takeScheme(section: FieldSection): number {
  if (!section.hasPseudo(Pseudo.SCHEME)) return 0;
  const { bytes, pseudo } = section;
  const offset = pseudo[Pseudo.SCHEME * 2];
  const length = pseudo[Pseudo.SCHEME * 2 + 1];
  const known = equalsLower(bytes, offset, length, 'http') || equalsLower(bytes, offset, length, 'https');
  return known ? 0 : HeadError.BAD_TARGET;
}

function takeAuthority(section: FieldSection, head: RequestHead): number {
  if (!section.hasPseudo(Pseudo.AUTHORITY)) return 0;
  const length = section.pseudo[Pseudo.AUTHORITY * 2 + 1];
  if (length === 0) return 0;
  const host = hostString(section.bytes, section.pseudo[Pseudo.AUTHORITY * 2], length);
  if (host === undefined) return HeadError.BAD_HOST;
  head.host = host;
  return 0;
}

/** Host, length, TE and Expect. */
function takeFields(head: RequestHead, endStream: boolean): number {
  const { fields, bytes } = head;
  const end = head.count * FIELD_WORDS;
  const authority = head.host;
  let seen = 0;
  let expect = false;
  let contentBytes = -1;
  for (let at = 0; at < end; at += FIELD_WORDS) {
    const id = fields[at + 4];
    if (id === Field.OTHER || id > Field.EXPECT) continue;
    const offset = fields[at + 2];
    const length = fields[at + 3];
    if (id === Field.HOST) {
      const error = takeHost(head, authority, offset, length, seen);
      if (error !== 0) return error;
    } else if (id === Field.CONTENT_LENGTH) {
      if ((seen & (1 << id)) !== 0) return HeadError.DUPLICATE_CONTENT_LENGTH;
      contentBytes = parseContentLength(bytes, offset, length);
      if (contentBytes < 0) return contentBytes;
      head.lengthUnusual = length > 1 && bytes[offset] === ZERO;
    } else if (id === Field.TE) {
      if (!equalsLower(bytes, offset, length, 'trailers')) return RequestFault.MALFORMED;
    } else if (id === Field.EXPECT && length !== 0) {
      if (!equalsLower(bytes, offset, length, '100-continue')) return HeadError.UNKNOWN_EXPECT;
      expect = true;
    }
    seen |= 1 << id;
  }
  if (head.host === '' && (seen & (1 << Field.HOST)) === 0) return HeadError.MISSING_HOST;
  return takeBody(head, endStream, contentBytes, expect);
}

/** What it says must be what `:authority` says (§8.3.1); without that, it is the host. */
function takeHost(head: RequestHead, authority: string, offset: number, length: number, seen: number): number {
  if ((seen & (1 << Field.HOST)) !== 0) return HeadError.DUPLICATE_HOST;
  if (length === 0) return authority === '' ? 0 : HeadError.BAD_HOST;
  const host = hostString(head.bytes, offset, length);
  if (host === undefined) return HeadError.BAD_HOST;
  if (authority === '') head.host = host;
  else if (host !== authority && host.toLowerCase() !== authority.toLowerCase()) return HeadError.BAD_HOST;
  return 0;
}

/** A length that is there is a promise (§8.1.1), which whoever receives the body has to check. */
function takeBody(head: RequestHead, endStream: boolean, contentBytes: number, expect: boolean): number {
  if (endStream && contentBytes > 0) return RequestFault.MALFORMED;
  head.bodyBytes = Math.max(0, contentBytes);
  // A tunnel has no body, and a length of none may not have been told yet.
  if (endStream || contentBytes === 0 || head.upgrade) head.bodyKind = BodyKind.NONE;
  else head.bodyKind = contentBytes > 0 ? BodyKind.LENGTH : BodyKind.UNTIL_CLOSE;
  head.expectContinue = expect && head.bodyKind !== BodyKind.NONE;
  return 0;
}

/** The forms that §8.3.1 knows: a path, `*`, and for CONNECT an authority. */
function takeTarget(section: FieldSection, head: RequestHead, limits: HeadLimits): number {
  const { bytes, pseudo } = section;
  const which = head.method === 'CONNECT' ? Pseudo.AUTHORITY : Pseudo.PATH;
  const offset = pseudo[which * 2];
  const length = pseudo[which * 2 + 1];
  if (length === 0) return RequestFault.MALFORMED;
  if (length > limits.targetBytesMax) return HeadError.TARGET_TOO_LONG;
  let queryMark = -1;
  for (let at = offset; at < offset + length; at++) {
    const byte = bytes[at];
    if (TARGET[byte] !== 0) continue;
    if (byte !== QUESTION_MARK) return byte === HASH ? HeadError.FRAGMENT : HeadError.BAD_TARGET;
    if (queryMark === -1) queryMark = at;
  }
  const isPath = bytes[offset] === SLASH || (bytes[offset] === ASTERISK && length === 1);
  if (which === Pseudo.PATH && !isPath) return HeadError.BAD_TARGET;
  head.targetOffset = offset;
  head.targetLength = length;
  return interpretTarget(head, bytes, queryMark);
}
