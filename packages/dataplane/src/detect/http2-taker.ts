// Takes connections that begin with the preface of HTTP/2 (RFC 9113 §3.3), without TLS.
// One byte rules out most of HTTP/1; allocates nothing.

import { DetectedProtocol, detectProtocol } from '@sluice/protocols';
import type { DownstreamConnection } from '../worker/downstream-connection.ts';
import { Claim, type ProtocolTaker } from './protocol-taker.ts';

const FIRST_OF_PREFACE = 0x50;

export const http2Taker: ProtocolTaker = {
  firstBytes: [FIRST_OF_PREFACE],

  claim(_from: DownstreamConnection, bytes: Buffer, start: number, end: number): number {
    if (bytes[start] !== FIRST_OF_PREFACE) return Claim.NO;
    const detected = detectProtocol(bytes, start, end);
    if (detected === DetectedProtocol.HTTP2) return Claim.YES;
    // Within the preface only: `POST` without its space is known not to be one already.
    return detected === DetectedProtocol.NEED_MORE && isPreface(bytes, start, end) ? Claim.NEED_MORE : Claim.NO;
  },

  take(from: DownstreamConnection, bytes: Buffer, start: number, end: number): void {
    from.context.openHttp2(from, undefined, bytes, start, end);
  },
};

/** `P`, `PR`, `PRI…`: the second and third byte tell it from every method. */
function isPreface(bytes: Buffer, start: number, end: number): boolean {
  return (end < start + 2 || bytes[start + 1] === 0x52) && (end < start + 3 || bytes[start + 2] === 0x49);
}
