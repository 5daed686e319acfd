// From what the transport says of a failed TLS handshake with a server to entries of the error catalogue
// (reference/http-services §10.5): what the server is to blame for by its certificate, by its port, or otherwise.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { TlsFailure } from '@sluice/native';

/** OpenSSL's words for first bytes that are no TLS record. */
const NO_TLS = /wrong version number|packet length too long|http request|bad record type|unknown protocol/;
const OTHER_NAME = /hostname mismatch|IP address mismatch/i;

/** @param failure a `TlsFailure` other than NONE. @param reason as `tlsReason` gives it. */
export function handshakeError(failure: number, reason: string): CatalogueEntry {
  if (failure === TlsFailure.VERIFICATION) {
    return OTHER_NAME.test(reason) ? Errors.UPSTREAM_CERTIFICATE_NAME : Errors.UPSTREAM_CERTIFICATE_UNTRUSTED;
  }
  return NO_TLS.test(reason) ? Errors.UPSTREAM_NOT_TLS : Errors.UPSTREAM_TLS_FAILED;
}
