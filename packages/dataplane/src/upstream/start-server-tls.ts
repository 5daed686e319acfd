// Begins TLS on a connection to a server that is being made: the name to ask for and to verify, the key under which sessions are
// resumed, the protocols to offer. What is sent meanwhile waits for the handshake.

import { constants } from 'node:os';
import type { StreamConnection } from '../worker/stream-connection.ts';
import type { ServerTls } from './upstream-tls.ts';

/** Lists of protocols as on the wire (RFC 7301 §3.1). */
export const HTTP1_ONLY: Uint8Array = Buffer.from('\x08http/1.1', 'latin1');
export const HTTP2_FIRST: Uint8Array = Buffer.from('\x02h2\x08http/1.1', 'latin1');
/** The transport takes no longer ones: sessions of such servers are not resumed. */
const SESSION_KEY_MAX_BYTES = 255;
/** Position of h2 in `HTTP2_FIRST`, as TLS_READY tells it. */
export const H2_POSITION = 0;

/** @throws Error with a `code` when the transport refuses; RangeError for a name that is too long. */
export function startServerTls(
  connection: StreamConnection,
  server: { readonly hostname: string; readonly port: number },
  tls: ServerTls,
  protocols: Uint8Array,
): void {
  const name = tls.serverName === '' ? server.hostname : tls.serverName;
  const key = `${server.hostname}\n${server.port}\n${name}`;
  const sessionKey = key.length > SESSION_KEY_MAX_BYTES ? '' : key;
  const errno = connection.context.transport.startTlsClient(connection.id, tls.context, name, sessionKey, protocols);
  if (errno === 0) return;
  const error: NodeJS.ErrnoException = new Error(`TLS cannot be started (errno ${errno})`);
  error.code = Object.entries(constants.errno).find(([, number]) => number === errno)?.[0] ?? 'EIO';
  throw error;
}
