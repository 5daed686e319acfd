// The TLS keys of `http.serversTransports.<name>` and of the static `serversTransport` (http-services.md section 8).
// Says what is accepted; files are read, and what is absent gets its default, where connections are made.

import { z } from 'zod';
import type { PeerCertificateName, TransportTlsConfiguration } from '../model/tls-configuration.ts';
import { isHostName } from '../schema/network.ts';
import {
  cipherSuitesSchema,
  fileOrContentListSchema,
  isVersionOrder,
  keyPairShape,
  versionSchema,
} from './tls-values.ts';

const URI = /^[a-z][a-z0-9+.-]*:\S+$/i;
const URI_FORM = 'must be a URI such as "spiffe://example.org/service"';
const unlessEmpty = (value: unknown) => (value === '' ? undefined : value);

const peerName = z
  .object({
    type: z.enum(['DNSName', 'URI']).describe('DNSName or URI.'),
    value: z.string().describe('The name.'),
  })
  .superRefine(({ type, value }, context) => {
    const isGood = type === 'URI' ? URI.test(value) : isHostName(value);
    if (isGood) return;
    const message = type === 'URI' ? URI_FORM : `must be a host name, not "${value.slice(0, 100)}"`;
    context.addIssue({ code: 'custom', path: ['value'], message });
  }) satisfies z.ZodType<PeerCertificateName>;

const COMMON = {
  insecureSkipVerify: z
    .boolean()
    .optional()
    .describe('Accept any certificate of a server. peerCertSANs are checked all the same.'),
  rootCAs: fileOrContentListSchema()
    .optional()
    .describe('Certificate authorities of servers: paths or PEM; without: those of the system.'),
};

const NAMED = {
  ...COMMON,
  serverName: z
    .preprocess(
      unlessEmpty,
      z
        .string()
        .refine((value) => isHostName(value), { error: 'must be a host name' })
        .optional(),
    )
    .describe('Name to ask for and to verify; without: the host of the server.'),
  certificates: z
    .array(z.object(keyPairShape()), { error: 'must be a list of sections with certFile and keyFile' })
    .optional()
    .describe('Certificates of our own, for servers that ask for one.'),
  cipherSuites: cipherSuitesSchema()
    .optional()
    .describe('Cipher suites of TLS 1.2 and below; without: the default ones.'),
  minVersion: z.preprocess(unlessEmpty, versionSchema().optional()).describe('Least version, such as VersionTLS12.'),
  maxVersion: z.preprocess(unlessEmpty, versionSchema().optional()).describe('Highest version.'),
  peerCertSANs: z
    .array(peerName, { error: 'must be a list of sections with type and value' })
    .optional()
    .describe('Names of which the certificate of a server must have one.'),
  peerCertURI: z
    .preprocess(unlessEmpty, z.string().regex(URI, { error: URI_FORM }).optional())
    .describe('Deprecated: one more URI of peerCertSANs.'),
};

const { cipherSuites: _, minVersion: __, maxVersion: ___, ...OF_TCP } = NAMED;
const SHAPES = { static: COMMON, named: NAMED, tcp: OF_TCP } as const;

/** @param scope which keys there are: `named` and `tcp` are those of the dynamic transports of HTTP and TCP */
export function transportTlsShape(scope: keyof typeof SHAPES): Readonly<Record<string, z.ZodType>> {
  return SHAPES[scope];
}

/** What the keys have to do with each other. */
export function checkTransportTls(
  { minVersion, maxVersion }: TransportTlsConfiguration,
  context: z.RefinementCtx,
): void {
  if (minVersion === undefined || maxVersion === undefined || isVersionOrder(minVersion, maxVersion)) return;
  const message = `is ${minVersion}, which is above maxVersion, ${maxVersion}`;
  context.addIssue({ code: 'custom', path: ['minVersion'], message });
}
