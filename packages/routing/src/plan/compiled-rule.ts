// One rule, compiled: what it means, what priority it gives, and under which hosts and paths it can be found.
// Depends on the text alone, so it can be kept as long as the text is in use.

import { buildPredicate } from '../match/build-predicate.ts';
import type { Predicate } from '../match/predicate.ts';
import { parseRule } from '../rule/parse-rule.ts';
import { type IndexKey, indexKeys } from './index-keys.ts';
import type { WriterMemo } from './snapshot-plan.ts';

export interface CompiledRule {
  memo?: WriterMemo;
  readonly text: string;
  /** Bytes of the text in UTF-8: the priority of a router that sets none. */
  readonly byteLength: number;
  readonly predicate: Predicate;
  readonly keys: readonly IndexKey[];
}

/** @throws RuleSyntaxError and nothing else. */
export function compileRule(text: string): CompiledRule {
  const predicate = buildPredicate(parseRule(text), text);
  return { text, byteLength: Buffer.byteLength(text), predicate, keys: indexKeys(predicate) };
}
