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
  const { defaultPair } = loaded;
  const known = loaded.pairs.findIndex(({ id }) => id === defaultPair?.id);
  const pairs = defaultPair === undefined || known !== -1 ? loaded.pairs : [...loaded.pairs, defaultPair];
  const tables: TlsTables = {
    certificates: pairs.map(({ id, keyKind }) => ({ id, keyKind })),
    ...buildNameTables(loaded.pairs, nowMs),
    // Behind all others, unless it is one of them.
    defaultCertificate: defaultPair === undefined || known !== -1 ? known : loaded.pairs.length,
    optionSets: [...loaded.optionSets.values()],
  };
  return { tables, pairs };
}
