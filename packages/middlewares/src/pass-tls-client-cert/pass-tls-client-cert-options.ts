// Options of `passTLSClientCert` (reference: HTTP middlewares §3).

import { z } from 'zod';

const flag = (meaning: string) => z.boolean().default(false).describe(meaning);

const nameParts = {
  country: flag('C'),
  province: flag('ST'),
  locality: flag('L'),
  organization: flag('O'),
  commonName: flag('CN'),
  serialNumber: flag('SN, the serial number that is part of the name'),
  domainComponent: flag('DC'),
};

const subject = z.object({ ...nameParts, organizationalUnit: flag('OU') });
const issuer = z.object(nameParts);

const info = z.object({
  subject: subject.optional().describe('Parts of the name of the certificate’s owner.'),
  issuer: issuer.optional().describe('Parts of the name of who signed the certificate.'),
  serialNumber: flag('Serial number of the certificate, decimal.'),
  notBefore: flag('Start of its validity, in seconds since 1970.'),
  notAfter: flag('End of its validity, in seconds since 1970.'),
  sans: flag('Alternative names: DNS names, e-mail addresses, IP addresses, URIs.'),
});

export const passTlsClientCertOptions = z.object({
  pem: flag(
    'Passes the certificates in X-Forwarded-Tls-Client-Cert, as PEM without its first and last line and line ends.',
  ),
  info: info.optional().describe('What X-Forwarded-Tls-Client-Cert-Info tells of the certificates.'),
});

export type PassTlsClientCertOptions = z.infer<typeof passTlsClientCertOptions>;
export type CertificateInfoOptions = z.infer<typeof info>;
export type NameOptions = z.infer<typeof issuer> & { readonly organizationalUnit?: boolean };
