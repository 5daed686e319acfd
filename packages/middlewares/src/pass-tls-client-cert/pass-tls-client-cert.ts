// passTLSClientCert: tells the server which certificates the client has shown. Fields of these names that come from outside
// never stand beside ours. Whether certificates are to be trusted is decided by the TLS options, not here.
// Allocates the array of certificates that the exchange gives; texts only for chains it has not seen lately.

import type { Exchange } from '../interface/exchange.ts';
import { type Middleware, type MiddlewareBehaviour, Verdict, type VerdictValue } from '../interface/middleware.ts';
import { certificateInfo } from './certificate-info.ts';
import { ChainValuesCache } from './chain-values.ts';
import type { PassTlsClientCertOptions } from './pass-tls-client-cert-options.ts';

export const passTlsClientCert: MiddlewareBehaviour<PassTlsClientCertOptions> = {
  type: 'passTLSClientCert',
  create: (options) => new PassTlsClientCert(options),
};

const PEM_FIELD = 'X-Forwarded-Tls-Client-Cert';
const INFO_FIELD = 'X-Forwarded-Tls-Client-Cert-Info';

class PassTlsClientCert implements Middleware {
  readonly ignoresRequestLater = true;
  private readonly cache: ChainValuesCache;

  constructor({ pem, info }: PassTlsClientCertOptions) {
    this.cache = new ChainValuesCache((certificates) => ({
      pem: pem ? certificates.map((der) => der.toString('base64')).join(',') : undefined,
      info: info === undefined ? undefined : certificateInfo(certificates, info),
    }));
  }

  /** Without a certificate nothing is changed: what is there then was set by a proxy in front that is trusted to do so. */
  onRequest(exchange: Exchange): VerdictValue {
    if (!exchange.secure) return Verdict.NEXT;
    const certificates = exchange.clientCertificates();
    if (certificates.length === 0) return Verdict.NEXT;
    const { pem, info } = this.cache.valuesOf(certificates);
    if (pem !== undefined) exchange.request.set(PEM_FIELD, pem);
    if (info !== undefined) exchange.request.set(INFO_FIELD, info);
    return Verdict.NEXT;
  }
}
