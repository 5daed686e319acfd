// The tables that workers choose certificates by, and the list of what has to be handed to them with it. Pure.

import type { TlsTables } from '@sluice/routing';
import type { LoadedTls } from '../load/load-tls.ts';
import type { KeyPair } from '../load/parse-key-pair.ts';
import { buildNameTables } from './name-tables.ts';

export interface BuiltTls {
  /** Plain data, without anything secret. */
  readonly tables: TlsTables;
  /** Chains and keys, at the positions of `tables.certificates`. */
  readonly pairs: readonly KeyPair[];
}

export function buildTlsTables(loaded: LoadedTls, nowMs: number): BuiltTls {
  const found = loaded.pairs.findIndex(({ id }) => id === loaded.defaultPair.id);
  const pairs = found === -1 ? [...loaded.pairs, loaded.defaultPair] : loaded.pairs;
  const tables: TlsTables = {
    certificates: pairs.map(({ id, keyKind }) => ({ id, keyKind })),
    ...buildNameTables(loaded.pairs, nowMs),
    defaultCertificate: found === -1 ? loaded.pairs.length : found,
    optionSets: [...loaded.optionSets.values()],
  };
  return { tables, pairs };
}
