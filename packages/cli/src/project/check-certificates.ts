// Certificates, keys and authorities that a configuration names, read as the running process reads them, and the options that routers
// ask for. Writes nothing, so it generates no default certificate.

import { KeyPairLoader, loadTls, loadTransports } from '@sluice/certificates';
import {
  checkTlsReferences,
  DEFAULT_TCP_TRANSPORT,
  DEFAULT_TRANSPORT,
  type HttpConfiguration,
  mergeTls,
  type StaticConfiguration,
  type TcpConfiguration,
  type TlsConfiguration,
  type TlsReferenceReport,
  type TransportTlsConfiguration,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import type { MergedDocuments } from '@sluice/providers';
import { tcpTransportKey } from '@sluice/routing';

export interface CertificatesToCheck {
  /** Under qualified names. */
  readonly http: HttpConfiguration;
  readonly tcp: TcpConfiguration;
  /** Of that provider, under the names they are declared with. */
  readonly tls: TlsConfiguration;
  readonly provider: string;
  /** Undefined when nobody knows it. */
  readonly configuration: StaticConfiguration | undefined;
  /** That relative paths begin at. */
  readonly workingDirectory: string;
  readonly positionOf: MergedDocuments['positionOf'];
}

export interface CheckedCertificates {
  readonly diagnostics: readonly Diagnostic[];
  readonly unusable: TlsReferenceReport['unusable'];
}

export async function checkCertificates(input: CertificatesToCheck): Promise<CheckedCertificates> {
  const { http, tcp, tls, provider, configuration, workingDirectory, positionOf } = input;
  const merged = mergeTls(new Map([[provider, tls]]), []);
  const loaded = await loadTls({
    tls: merged,
    loader: new KeyPairLoader(workingDirectory),
    folder: '',
    generatesDefault: false,
    nowMs: Date.now(),
    positionOf: (_, path) => positionOf(path),
  });
  const { entryPoints = {} } = configuration ?? {};
  const transports = await loadTransports({
    transports: declaredTransports(input),
    used: new Set(),
    loader: new KeyPairLoader(workingDirectory),
    environment: {},
  });
  const ofEntryPoints = Object.entries(entryPoints).map(([name, { http }]) => [name, http.tls]);
  const references = checkTlsReferences({
    http,
    tcp,
    entryPoints: Object.fromEntries(ofEntryPoints),
    options: loaded.optionSets.keys(),
    resolvers: [],
  });
  const found = [merged, loaded, transports, references].flatMap(({ diagnostics }) => diagnostics);
  return { diagnostics: found.map((each) => located(each, input)), unusable: references.unusable };
}

/** Under the keys they are loaded by. */
function declaredTransports({
  http,
  tcp,
  configuration,
}: CertificatesToCheck): Record<string, TransportTlsConfiguration> {
  const declared: Record<string, TransportTlsConfiguration> = { ...http.serversTransports };
  if (configuration !== undefined) declared[DEFAULT_TRANSPORT] = configuration.serversTransport;
  const ofTcp = { ...tcp.serversTransports, [DEFAULT_TCP_TRANSPORT]: configuration?.tcpServersTransport };
  for (const [name, transport] of Object.entries(ofTcp)) {
    if (transport?.tls !== undefined) declared[tcpTransportKey(name)] = transport.tls;
  }
  return declared;
}

/** Options and stores named `default` have no provider. */
function located(diagnostic: Diagnostic, { provider, positionOf }: CertificatesToCheck): Diagnostic {
  const { file, object = '' } = diagnostic;
  const suffix = `@${provider}`;
  const path = object.endsWith(suffix) ? object.slice(0, -suffix.length) : object;
  return file === undefined ? { ...diagnostic, ...positionOf(path) } : diagnostic;
}
