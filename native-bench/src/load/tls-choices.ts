// What every load generator offers in TLS, so that all proxies end up with the same: one version, one cipher suite, one group.
// Chosen on the clients' side, because not every proxy lets the suites of TLS 1.3 be chosen. Values only.

import type { ConnectionOptions } from 'node:tls';
import { BARE_HOST } from './load-request.ts';

/** The suite that servers with AES instructions choose if they may (Go's do in any case). */
export const SUITE = 'TLS_AES_128_GCM_SHA256';
export const GROUP = 'X25519';

/** For reports. */
export const TLS_SENTENCE = `TLS 1.3, ${SUITE}, ${GROUP}`;

/** For clients in Node. Certificates are not verified: that is the client's work, and not what is measured. */
export const NODE_TLS: ConnectionOptions = {
  minVersion: 'TLSv1.3',
  ciphers: SUITE,
  ecdhCurve: GROUP,
  servername: BARE_HOST,
  rejectUnauthorized: false,
};

/** The same as a configuration of OpenSSL (config(5)), for programs without options of their own. */
export const OPENSSL_CONFIGURATION = `openssl_conf = all
[all]
ssl_conf = tls
[tls]
system_default = offered
[offered]
MinProtocol = TLSv1.3
Ciphersuites = ${SUITE}
Groups = ${GROUP}
`;
