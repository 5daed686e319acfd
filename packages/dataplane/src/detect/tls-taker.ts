// Takes connections that begin with a TLS handshake. One byte decides: nothing else that is served begins with it.

import { TlsAccept } from '../tls/tls-accept.ts';
import type { DownstreamConnection } from '../worker/downstream-connection.ts';
import { Claim, type ProtocolTaker } from './protocol-taker.ts';

/** Content type "handshake" (RFC 8446 §5.1). */
const HANDSHAKE_RECORD = 0x16;

export const tlsTaker: ProtocolTaker = {
  firstBytes: [HANDSHAKE_RECORD],

  /** Before there are certificates and options, TLS is as foreign as anything else that is not HTTP. */
  claim({ context }: DownstreamConnection, bytes: Buffer, start: number): number {
    return bytes[start] === HANDSHAKE_RECORD && context.tls.isReady ? Claim.YES : Claim.NO;
  },

  take(from: DownstreamConnection, bytes: Buffer, start: number, end: number): void {
    const accept = new TlsAccept(from.context, from.entryPoint, from.peer);
    from.replaceWith(accept);
    accept.opened();
    accept.onBytes(bytes, start, end);
  },
};
