// What all providers say together: names qualified, references checked. An object that cannot be used is replaced by its last
// good version, or left out when there is none.

import {
  checkReferences,
  type EntryPointConfiguration,
  type HttpConfiguration,
  qualifyNames,
  type ReferenceReport,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { LastGood, pathOf } from './last-good.ts';

export interface MergedConfiguration {
  /** Qualified names; only objects that can be used. */
  readonly http: HttpConfiguration;
  readonly diagnostics: readonly Diagnostic[];
}

type EntryPoints = Readonly<Record<string, EntryPointConfiguration>>;

/** @param provided by provider name, unqualified; names cannot collide once the provider's is behind them. */
export function mergeProvided(
  provided: ReadonlyMap<string, HttpConfiguration>,
  entryPoints: EntryPoints,
  lastGood: LastGood = new LastGood(),
): MergedConfiguration {
  const declared = join([...provided].map(([provider, http]) => qualifyNames(provider, http)));
  const report = check(declared, entryPoints);
  const refused = lastGood.refusedIn(declared);
  const broken = [...unusablePaths(report), ...refused.keys()];
  if (broken.length === 0) return { http: declared, diagnostics: report.diagnostics };
  const { http, kept } = withGoodVersions(declared, broken, entryPoints, lastGood);
  const final = check(http, entryPoints);
  const complaints = [...report.diagnostics, ...refused.values()];
  return {
    http: usableOf(http, final),
    diagnostics: [...complaints.filter(({ object = '' }) => kept.has(object)).map(LastGood.kept), ...final.diagnostics],
  };
}

/** An old version may refer to something that is gone by now: then it is of no help. */
function withGoodVersions(
  declared: HttpConfiguration,
  broken: readonly string[],
  entryPoints: EntryPoints,
  lastGood: LastGood,
): { http: HttpConfiguration; kept: ReadonlySet<string> } {
  const attempt = lastGood.replace(declared, broken);
  if (attempt.paths.size === 0) return { http: declared, kept: attempt.paths };
  const useless = new Set(unusablePaths(check(attempt.http, entryPoints)));
  const helped = [...attempt.paths].filter((path) => !useless.has(path));
  const { http, paths: kept } = lastGood.replace(declared, helped);
  return { http, kept };
}

function check(http: HttpConfiguration, entryPoints: EntryPoints): ReferenceReport {
  const middlewares = Object.fromEntries(
    Object.entries(entryPoints).map(([name, { http }]) => [name, http.middlewares]),
  );
  return checkReferences(http, Object.keys(entryPoints), middlewares);
}

function unusablePaths({ unusable }: ReferenceReport): string[] {
  return (['routers', 'services', 'middlewares'] as const).flatMap((kind) =>
    [...unusable[kind]].map((name) => pathOf(kind, name)),
  );
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
