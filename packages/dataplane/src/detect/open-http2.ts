// How a connection becomes one of HTTP/2: the one place that knows.
// Types only: detection and TLS must not import the protocol.

import type { DownstreamTls } from '../tls/downstream-tls.ts';
import type { DownstreamConnection } from '../worker/downstream-connection.ts';

/**
 * Puts a connection of HTTP/2 into the place of `from`.
 * @param tls undefined: cleartext, with prior knowledge
 * @param bytes `bytes[start…end)` came already, preface included; valid during the call. Empty after a handshake
 */
export type OpenHttp2 = (
  from: DownstreamConnection,
  tls: DownstreamTls | undefined,
  bytes: Buffer,
  start: number,
  end: number,
) => void;
