// Keys of the compatible configuration that this version knows and does not act on yet: the lookup, not the table.
// `error`: leaving the key out would make the data path unsafe or wrong, so the object is refused.
// `warning`: leaving it out only means less is observed, tuned or discovered.

import type { SourceNode } from '../source/source-node.ts';

export type UnsupportedSeverity = 'error' | 'warning' | 'accept';

/** Fixed, or decided by the value (`ruleSyntax: v3` changes nothing, `v2` does). */
export type UnsupportedRule = UnsupportedSeverity | ((value: SourceNode) => UnsupportedSeverity);

/** Looks keys up by their path pattern, case-insensitively; `*` stands for a chosen name or a list position. */
export class UnsupportedKeys {
  readonly #rules: ReadonlyMap<string, UnsupportedRule>;

  /** @param table path pattern such as `entryPoints.*.http.tls` → rule */
  constructor(table: Readonly<Record<string, UnsupportedRule>>) {
    this.#rules = new Map(Object.entries(table).map(([pattern, rule]) => [pattern.toLowerCase(), rule]));
  }

  /** Undefined when the key is simply unknown. */
  severity(pattern: readonly string[], value: SourceNode): UnsupportedSeverity | undefined {
    const rule = this.#rules.get(pattern.join('.').toLowerCase());
    return typeof rule === 'function' ? rule(value) : rule;
  }

  /** Known names directly below a pattern, for hints. */
  namesBelow(pattern: readonly string[]): string[] {
    const prefix = pattern.length === 0 ? '' : `${pattern.join('.').toLowerCase()}.`;
    const names: string[] = [];
    for (const key of this.#rules.keys()) {
      const rest = key.startsWith(prefix) ? key.slice(prefix.length) : '';
      if (rest !== '' && !rest.includes('.')) names.push(rest);
    }
    return names;
  }
}
