// The tables that workers choose certificates and options by, and the list of what has to be handed to them with it. Pure.

import { BUILT_IN_TLS_OPTIONS, DEFAULT_TLS_OPTIONS } from '@sluice/config';
import { CLOSED, type EntryPointTls, type OptionSet, type TlsTables } from '@sluice/routing';
import type { LoadedTls } from '../load/load-tls.ts';
import type { KeyPair } from '../load/parse-key-pair.ts';
import { optionSet } from '../options/option-set.ts';
import type { ResolvedEntryPoint, ResolvedTlsOptions } from '../options/resolve-tls-options.ts';
import { ANY_HOST } from '../options/rule-hosts.ts';
import { buildNameTables } from './name-tables.ts';

export interface BuiltTls {
  /** Plain data, without anything secret. */
  readonly tables: TlsTables;
  /** Chains and keys, at the positions of `tables.certificates`. */
  readonly pairs: readonly KeyPair[];
  /** Position of the option set of each router that takes TLS, by entry point and qualified name. */
  readonly routerOptions: Readonly<Record<string, ReadonlyMap<string, number>>>;
}

export function buildTlsTables(loaded: LoadedTls, resolved: ResolvedTlsOptions, nowMs: number): BuiltTls {
  const found = loaded.pairs.findIndex(({ id }) => id === loaded.defaultPair.id);
  const pairs = found === -1 ? [...loaded.pairs, loaded.defaultPair] : loaded.pairs;
  const sets = new OptionSets(loaded.optionSets);
  const entryPoints: Record<string, EntryPointTls> = {};
  const routerOptions: Record<string, ReadonlyMap<string, number>> = {};
  for (const [name, entryPoint] of Object.entries(resolved.entryPoints)) {
    entryPoints[name] = hostTable(entryPoint, sets);
    routerOptions[name] = new Map(
      [...entryPoint.routers].map(([router, options]) => [router, sets.positionOf(options)]),
    );
  }
  const tables: TlsTables = {
    certificates: pairs.map(({ id, keyKind }) => ({ id, keyKind })),
    ...buildNameTables(loaded.pairs, nowMs),
    defaultCertificate: found === -1 ? loaded.pairs.length : found,
    optionSets: sets.list,
    entryPoints,
  };
  return { tables, pairs, routerOptions };
}

function hostTable({ hosts }: ResolvedEntryPoint, sets: OptionSets): EntryPointTls {
  const positions = [...hosts]
    .filter(([host]) => host !== ANY_HOST)
    .map(([host, options]) => [host, sets.positionOf(options)] as const);
  return { hosts: Object.fromEntries(positions), fallback: sets.positionOf(hosts.get(ANY_HOST)) };
}

/** The list begins with `default`. When that cannot be used, nothing points at it, and who relies on it is closed. */
class OptionSets {
  readonly list: readonly OptionSet[];
  readonly #positions: ReadonlyMap<string, number>;

  constructor(usable: ReadonlyMap<string, OptionSet>) {
    const standard = usable.get(DEFAULT_TLS_OPTIONS) ?? optionSet(DEFAULT_TLS_OPTIONS, BUILT_IN_TLS_OPTIONS, '');
    this.list = [standard, ...[...usable.values()].filter(({ name }) => name !== DEFAULT_TLS_OPTIONS)];
    const positions = this.list.map(({ name }, index) => [name, index] as const);
    this.#positions = new Map(positions.filter(([name]) => usable.has(name)));
  }

  positionOf(name: string | undefined): number {
    return name === undefined ? CLOSED : (this.#positions.get(name) ?? CLOSED);
  }
}
