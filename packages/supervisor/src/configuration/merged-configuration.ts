// What all providers say together: names qualified, references checked. An object that cannot be used is replaced by its last
// good version, or left out when there is none.

import {
  checkReferences,
  checkStreamReferences,
  checkTlsReferences,
  type EntryPointConfiguration,
  emptyRouted,
  PROTOCOLS,
  qualifyRouted,
  type ReferenceReport,
  ROUTED_KINDS,
  type RoutedConfiguration,
  type StreamReferenceReport,
  type TlsReferenceReport,
  tcpEntryPoints,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { LastGood, pathOf } from './last-good.ts';

/** Qualified names; only objects that can be used. */
export interface MergedConfiguration extends RoutedConfiguration {
  readonly diagnostics: readonly Diagnostic[];
  /** Routers whose TLS options cannot be used; they are there all the same, so that what they match can be closed. */
  readonly tls: Pick<TlsReferenceReport, 'unusable'>;
}

/** What one provider says; protocols that are absent have no objects. */
export type ProvidedObjects = Partial<RoutedConfiguration> & Pick<RoutedConfiguration, 'http'>;

type EntryPoints = Readonly<Record<string, EntryPointConfiguration>>;

interface Report {
  readonly references: ReferenceReport;
  readonly streams: StreamReferenceReport;
  readonly tls: TlsReferenceReport;
  readonly diagnostics: readonly Diagnostic[];
}

const NO_TLS: TlsReferenceReport = { diagnostics: [], unusable: { routers: new Set(), entryPoints: new Set() } };

/** What objects are checked against. */
interface Surroundings {
  readonly entryPoints: EntryPoints;
  /** Qualified names of the TLS options that can be used; undefined: nobody knows. */
  readonly tlsOptions: ReadonlySet<string> | undefined;
}

/**
 * @param provided by provider name, unqualified; names cannot collide once the provider's is behind them.
 * @param tlsOptions qualified names of the TLS options that can be used; undefined: all
 */
export function mergeProvided(
  provided: ReadonlyMap<string, ProvidedObjects>,
  entryPoints: EntryPoints,
  lastGood: LastGood = new LastGood(),
  tlsOptions?: Iterable<string>,
): MergedConfiguration {
  const around = { entryPoints, tlsOptions: tlsOptions === undefined ? undefined : new Set(tlsOptions) };
  const declared = join(
    [...provided].map(([provider, objects]) => qualifyRouted(provider, { ...NOTHING, ...objects })),
  );
  const report = check(declared, around);
  const refused = lastGood.refusedIn(declared);
  const broken = [...unusablePaths(report), ...refused.keys()];
  if (broken.length === 0) return { ...declared, diagnostics: report.diagnostics, tls: report.tls };
  const { routed, kept } = withGoodVersions(declared, broken, around, lastGood);
  const final = check(routed, around);
  const complaints = [...report.diagnostics, ...refused.values()];
  return {
    ...usableOf(routed, final),
    tls: final.tls,
    diagnostics: [...complaints.filter(({ object = '' }) => kept.has(object)).map(LastGood.kept), ...final.diagnostics],
  };
}

const NOTHING = emptyRouted();

/** An old version may refer to something that is gone by now: then it is of no help. */
function withGoodVersions(
  declared: RoutedConfiguration,
  broken: readonly string[],
  around: Surroundings,
  lastGood: LastGood,
): { routed: RoutedConfiguration; kept: ReadonlySet<string> } {
  const attempt = lastGood.replace(declared, broken);
  if (attempt.paths.size === 0) return { routed: declared, kept: attempt.paths };
  const useless = new Set(unusablePaths(check(attempt.routed, around)));
  const helped = [...attempt.paths].filter((path) => !useless.has(path));
  const { routed, paths: kept } = lastGood.replace(declared, helped);
  return { routed, kept };
}

function check(routed: RoutedConfiguration, { entryPoints, tlsOptions }: Surroundings): Report {
  const middlewares = Object.fromEntries(
    Object.entries(entryPoints).map(([name, { http }]) => [name, http.middlewares]),
  );
  const references = checkReferences(routed.http, tcpEntryPoints(entryPoints), middlewares);
  const streams = checkStreamReferences(routed, entryPoints);
  const tls = tlsOptions === undefined ? NO_TLS : checkTls(routed, entryPoints, tlsOptions);
  const diagnostics = [...references.diagnostics, ...streams.diagnostics, ...tls.diagnostics];
  return { references, streams, tls, diagnostics };
}

function checkTls(
  { http, tcp }: RoutedConfiguration,
  entryPoints: EntryPoints,
  options: ReadonlySet<string>,
): TlsReferenceReport {
  const ofEntryPoints = Object.fromEntries(Object.entries(entryPoints).map(([name, { http }]) => [name, http.tls]));
  return checkTlsReferences({ http, tcp, entryPoints: ofEntryPoints, options, resolvers: [] });
}

type Unusable = Readonly<Record<string, ReadonlySet<string>>>;

function unusableObjects({ references, streams }: Report): Readonly<Record<keyof RoutedConfiguration, Unusable>> {
  const { routers, services, middlewares } = references.unusable;
  return {
    http: { routers, services, middlewares },
    tcp: { ...streams.unusable.tcp },
    udp: { ...streams.unusable.udp },
  };
}

function unusablePaths(report: Report): string[] {
  const { routers: secured, tcpRouters = [] } = report.tls.unusable;
  const paths = [...secured].map((name) => pathOf('http', 'routers', name));
  for (const name of tcpRouters) paths.push(pathOf('tcp', 'routers', name));
  for (const [protocol, kinds] of Object.entries(unusableObjects(report))) {
    for (const [kind, names] of Object.entries(kinds)) {
      for (const name of names) paths.push(pathOf(protocol as keyof RoutedConfiguration, kind, name));
    }
  }
  return paths;
}

type Kinds = Record<string, Readonly<Record<string, unknown>>>;

/** Every kind of every protocol, made by `make` of what it is now. */
function mapKinds(make: (protocol: keyof RoutedConfiguration, kind: string) => unknown): RoutedConfiguration {
  const result: Record<string, Record<string, unknown>> = {};
  for (const protocol of PROTOCOLS) {
    result[protocol] = Object.fromEntries(ROUTED_KINDS[protocol].map((kind) => [kind, make(protocol, kind)]));
  }
  return result as unknown as RoutedConfiguration;
}

function join(parts: readonly RoutedConfiguration[]): RoutedConfiguration {
  return mapKinds((protocol, kind) =>
    Object.assign({}, ...parts.map((part) => (part[protocol] as unknown as Kinds)[kind])),
  );
}

function usableOf(routed: RoutedConfiguration, report: Report): RoutedConfiguration {
  const unusable = unusableObjects(report);
  return mapKinds((protocol, kind) =>
    without((routed[protocol] as unknown as Kinds)[kind]!, unusable[protocol][kind] ?? new Set()),
  );
}

function without<Value>(objects: Readonly<Record<string, Value>>, names: ReadonlySet<string>): Record<string, Value> {
  if (names.size === 0) return objects;
  return Object.fromEntries(Object.entries(objects).filter(([name]) => !names.has(name)));
}
