// Which certificates may be shown for a name, in order of preference: the tables that workers look names up in.
// Pure. Order within one name: valid ones before expired ones, then by kind of key (clients choose what they can verify), then
// as the reference: by names in reverse order, and what is declared first.

import { KEY_KIND_PREFERENCE } from '@sluice/routing';
import type { KeyPair } from '../load/parse-key-pair.ts';

export interface NameTables {
  readonly exact: Readonly<Record<string, readonly number[]>>;
  readonly wildcard: Readonly<Record<string, readonly number[]>>;
}

/**
 * Of each kind of key a name has one certificate: others could never be chosen.
 * @param pairs in the order of their declaration; positions in the tables are positions in here
 * @param nowMs milliseconds since the epoch
 */
export function buildNameTables(pairs: readonly KeyPair[], nowMs: number): NameTables {
  const order = pairs.map((_, index) => index).sort((a, b) => compare(pairs, a, b, nowMs));
  const exact = new Map<string, number[]>();
  const wildcard = new Map<string, number[]>();
  for (const index of order) {
    for (const name of pairs[index]!.names) {
      const table = name === '*' || name.startsWith('*.') ? wildcard : exact;
      const list = table.get(name);
      if (list === undefined) table.set(name, [index]);
      else if (!list.some((other) => pairs[other]!.keyKind === pairs[index]!.keyKind)) list.push(index);
    }
  }
  return { exact: Object.fromEntries(exact), wildcard: Object.fromEntries(wildcard) };
}

function compare(pairs: readonly KeyPair[], a: number, b: number, nowMs: number): number {
  const [one, other] = [pairs[a]!, pairs[b]!];
  return (
    Number(isValid(other, nowMs)) - Number(isValid(one, nowMs)) ||
    KEY_KIND_PREFERENCE.indexOf(one.keyKind) - KEY_KIND_PREFERENCE.indexOf(other.keyKind) ||
    compareText(other.nameKey, one.nameKey) ||
    a - b
  );
}

function isValid({ notBefore, notAfter }: KeyPair, nowMs: number): boolean {
  return nowMs >= notBefore && nowMs <= notAfter;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
