// What all providers say together: names qualified, references checked. An object that cannot be used is replaced by its last
// good version, or left out when there is none.

import {
  checkReferences,
  checkTlsReferences,
  type EntryPointConfiguration,
  type HttpConfiguration,
  qualifyNames,
  type ReferenceReport,
  type TlsReferenceReport,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { LastGood, pathOf } from './last-good.ts';

export interface MergedConfiguration {
  /** Qualified names; only objects that can be used. */
  readonly http: HttpConfiguration;
  readonly diagnostics: readonly Diagnostic[];
  /** Routers whose TLS options cannot be used; they are in `http` all the same, so that their hosts can be closed. */
  readonly tls: Pick<TlsReferenceReport, 'unusable'>;
}

type EntryPoints = Readonly<Record<string, EntryPointConfiguration>>;

interface Report {
  readonly references: ReferenceReport;
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
  provided: ReadonlyMap<string, HttpConfiguration>,
  entryPoints: EntryPoints,
  lastGood: LastGood = new LastGood(),
  tlsOptions?: Iterable<string>,
): MergedConfiguration {
  const around = { entryPoints, tlsOptions: tlsOptions === undefined ? undefined : new Set(tlsOptions) };
  const declared = join([...provided].map(([provider, http]) => qualifyNames(provider, http)));
  const report = check(declared, around);
  const refused = lastGood.refusedIn(declared);
  const broken = [...unusablePaths(report), ...refused.keys()];
  if (broken.length === 0) return { http: declared, diagnostics: report.diagnostics, tls: report.tls };
  const { http, kept } = withGoodVersions(declared, broken, around, lastGood);
  const final = check(http, around);
  const complaints = [...report.diagnostics, ...refused.values()];
  return {
    http: usableOf(http, final.references),
    tls: final.tls,
    diagnostics: [...complaints.filter(({ object = '' }) => kept.has(object)).map(LastGood.kept), ...final.diagnostics],
  };
}

/** An old version may refer to something that is gone by now: then it is of no help. */
function withGoodVersions(
  declared: HttpConfiguration,
  broken: readonly string[],
  around: Surroundings,
  lastGood: LastGood,
): { http: HttpConfiguration; kept: ReadonlySet<string> } {
  const attempt = lastGood.replace(declared, broken);
  if (attempt.paths.size === 0) return { http: declared, kept: attempt.paths };
  const useless = new Set(unusablePaths(check(attempt.http, around)));
  const helped = [...attempt.paths].filter((path) => !useless.has(path));
  const { http, paths: kept } = lastGood.replace(declared, helped);
  return { http, kept };
}

function check(http: HttpConfiguration, { entryPoints, tlsOptions }: Surroundings): Report {
  const middlewares = Object.fromEntries(
    Object.entries(entryPoints).map(([name, { http }]) => [name, http.middlewares]),
  );
  const references = checkReferences(http, Object.keys(entryPoints), middlewares);
  const tls = tlsOptions === undefined ? NO_TLS : checkTls(http, entryPoints, tlsOptions);
  return { references, tls, diagnostics: [...references.diagnostics, ...tls.diagnostics] };
}

function checkTls(http: HttpConfiguration, entryPoints: EntryPoints, options: ReadonlySet<string>): TlsReferenceReport {
  const ofEntryPoints = Object.fromEntries(Object.entries(entryPoints).map(([name, { http }]) => [name, http.tls]));
  return checkTlsReferences({ http, entryPoints: ofEntryPoints, options, resolvers: [] });
}

function unusablePaths({ references: { unusable }, tls }: Report): string[] {
  const paths = (['routers', 'services', 'middlewares'] as const).flatMap((kind) =>
    [...unusable[kind]].map((name) => pathOf(kind, name)),
  );
  return [...paths, ...[...tls.unusable.routers].map((name) => pathOf('routers', name))];
}

function join(parts: readonly HttpConfiguration[]): HttpConfiguration {
  return {
    routers: Object.assign({}, ...parts.map((part) => part.routers)),
    services: Object.assign({}, ...parts.map((part) => part.services)),
    middlewares: Object.assign({}, ...parts.map((part) => part.middlewares)),
    serversTransports: Object.assign({}, ...parts.map((part) => part.serversTransports)),
  };
}

function usableOf(http: HttpConfiguration, { unusable }: ReferenceReport): HttpConfiguration {
  return {
    routers: without(http.routers, unusable.routers),
    services: without(http.services, unusable.services),
    middlewares: without(http.middlewares, unusable.middlewares),
    serversTransports: http.serversTransports,
  };
}

function without<Value>(objects: Readonly<Record<string, Value>>, names: ReadonlySet<string>): Record<string, Value> {
  if (names.size === 0) return objects;
  return Object.fromEntries(Object.entries(objects).filter(([name]) => !names.has(name)));
}
