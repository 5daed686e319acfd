// The catalogue of everything that can go wrong at run time: one frozen record per code, found by name or by number.
// Hot code keeps the number (`Errors.NO_ROUTER.id`); words are looked up only when something is logged or answered.

import { CONTROL_ERRORS } from './catalogue/control-errors.ts';
import { DOWNSTREAM_ERRORS } from './catalogue/downstream-errors.ts';
import type { CatalogueEntry } from './catalogue/entry.ts';
import { PROXY_ERRORS } from './catalogue/proxy-errors.ts';
import { UPSTREAM_ERRORS } from './catalogue/upstream-errors.ts';

/** Every entry by its code. */
export const Errors = Object.freeze({
  ...DOWNSTREAM_ERRORS,
  ...UPSTREAM_ERRORS,
  ...PROXY_ERRORS,
  ...CONTROL_ERRORS,
});

export type ErrorCode = keyof typeof Errors;

/** All entries, ordered by id. */
export const CATALOGUE: readonly CatalogueEntry<ErrorCode>[] = Object.freeze(
  (Object.values(Errors) as CatalogueEntry<ErrorCode>[]).toSorted((a, b) => a.id - b.id),
);

const BY_ID: readonly (CatalogueEntry<ErrorCode> | undefined)[] = byId();

/** @throws RangeError for a number that no entry has. */
export function errorById(id: number): CatalogueEntry<ErrorCode> {
  const entry = BY_ID[id];
  if (entry === undefined) throw new RangeError(`no error has the id ${id}`);
  return entry;
}

/** `CODE: meaning check` — the operator's line for a log. */
export function operatorSentence(entry: CatalogueEntry): string {
  return `${entry.code}: ${entry.meaning} ${entry.check}`;
}

function byId(): (CatalogueEntry<ErrorCode> | undefined)[] {
  const table = new Array<CatalogueEntry<ErrorCode> | undefined>(256).fill(undefined);
  for (const entry of CATALOGUE) table[entry.id] = entry;
  return table;
}
