// Reads the words of TLS_READY and the reason in CLOSED and CONNECT_FAILED. Pure; the second allocates its text.

import { RECORD_WORDS, TLS_PEER_CERTIFICATE, TLS_RESUMED, TLS_VERSION_MASK } from './stream-transport-records.ts';

/** 0x0303 for TLS 1.2, 0x0304 for TLS 1.3: of word `a` of TLS_READY. */
export function tlsVersionOf(facts: number): number {
  return facts & TLS_VERSION_MASK;
}

/** The handshake was an abbreviated one, from a ticket. */
export function tlsResumed(facts: number): boolean {
  return (facts & TLS_RESUMED) !== 0;
}

/** The peer has a certificate: see `StreamTransport.peerCertificates`. */
export function tlsHasPeerCertificate(facts: number): boolean {
  return (facts & TLS_PEER_CERTIFICATE) !== 0;
}

/** Why TLS failed, as a sentence, for event number `index` of the batch; empty when TLS was not the reason. Valid during the batch. */
export function tlsReason(transport: { readonly events: Int32Array; readonly memory: Buffer }, index: number): string {
  const base = index * RECORD_WORDS;
  const offset = transport.events[base + 4]!;
  const length = transport.events[base + 5]!;
  return length === 0 ? '' : transport.memory.toString('utf8', offset, offset + length);
}
