// Hints for names that do not exist, bounded: a configuration with many mistakes must not take long to be refused.

import { nearestKey } from '../decode/nearest-key.ts';

/** Hints compare against every name of a kind: only for this many problems, and for no more names than this. */
const HINTS_MAX = 50;
const HINT_NAMES_MAX = 20_000;

export class NameHints {
  #given = 0;

  /** `hint` of a diagnostic; empty when nothing is near, or too much has been asked. @param missing undefined: nothing is */
  hint(missing: string | undefined, known: Readonly<Record<string, unknown>>): { readonly hint?: string } {
    if (missing === undefined || this.#given >= HINTS_MAX) return {};
    this.#given++;
    const names = Object.keys(known);
    return names.length > HINT_NAMES_MAX ? {} : nearestNameHint(missing, names);
  }
}

/** Compares the names of one provider; the provider behind all of them would make everything look similar. */
function nearestNameHint(missing: string, names: readonly string[]): { readonly hint?: string } {
  const at = missing.indexOf('@');
  const suffix = at === -1 ? '' : missing.slice(at);
  const bare = names.filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, name.length - suffix.length));
  const nearest = nearestKey(missing.slice(0, missing.length - suffix.length), bare);
  return nearest === undefined ? {} : { hint: `did you mean "${nearest}${suffix}"?` };
}
