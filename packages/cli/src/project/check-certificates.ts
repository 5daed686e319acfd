// Certificates, keys and authorities that a configuration names, read as the running process reads them, and the options that routers
// ask for. Writes nothing, so it generates no default certificate.

import { KeyPairLoader, loadTls, loadTransports } from '@sluice/certificates';
import {
  checkTlsReferences,
  DEFAULT_TRANSPORT,
  type HttpConfiguration,
  mergeTls,
  type StaticConfiguration,
  type TlsConfiguration,
  type TlsReferenceReport,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import type { MergedDocuments } from '@sluice/providers';

export interface CertificatesToCheck {
  /** Under qualified names. */
  readonly http: HttpConfiguration;
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
  const { http, tls, provider, configuration, workingDirectory, positionOf } = input;
  const merged = mergeTls(new Map([[provider, tls]]), []);
  const loaded = await loadTls({
    tls: merged,
    loader: new KeyPairLoader(workingDirectory),
    folder: '',
    generatesDefault: false,
    nowMs: Date.now(),
    positionOf: (_, path) => positionOf(path),
  });
  const { serversTransport, entryPoints = {} } = configuration ?? {};
  const transports = await loadTransports({
    transports: {
      ...http.serversTransports,
      ...(serversTransport === undefined ? {} : { [DEFAULT_TRANSPORT]: serversTransport }),
    },
    used: new Set(),
    loader: new KeyPairLoader(workingDirectory),
    environment: {},
  });
  const ofEntryPoints = Object.entries(entryPoints).map(([name, { http }]) => [name, http.tls]);
  const references = checkTlsReferences({
    http,
    entryPoints: Object.fromEntries(ofEntryPoints),
    options: loaded.optionSets.keys(),
    resolvers: [],
  });
  const found = [merged, loaded, transports, references].flatMap(({ diagnostics }) => diagnostics);
  return { diagnostics: found.map((each) => located(each, input)), unusable: references.unusable };
}

/** Options and stores named `default` have no provider. */
function located(diagnostic: Diagnostic, { provider, positionOf }: CertificatesToCheck): Diagnostic {
  const { file, object = '' } = diagnostic;
  const suffix = `@${provider}`;
  const path = object.endsWith(suffix) ? object.slice(0, -suffix.length) : object;
  return file === undefined ? { ...diagnostic, ...positionOf(path) } : diagnostic;
}
