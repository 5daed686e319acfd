// One rule, compiled: what it means, what priority it gives, and under which hosts and paths it can be found.
// Depends on the text alone, so it can be kept as long as the text is in use.

import { buildPredicate } from '../match/build-predicate.ts';
import type { Predicate } from '../match/predicate.ts';
import { parseRule } from '../rule/parse-rule.ts';
import { type IndexKey, indexKeys } from './index-keys.ts';
import { ruleHosts } from './rule-hosts.ts';
import type { WriterMemo } from './snapshot-plan.ts';

export interface CompiledRule {
  memo?: WriterMemo;
  readonly text: string;
  /** Bytes of the text in UTF-8: the priority of a router that sets none. */
  readonly byteLength: number;
  readonly predicate: Predicate;
  readonly keys: readonly IndexKey[];
  /** As `ruleHosts` finds them. */
  readonly hosts: readonly string[];
}

/** @throws RuleSyntaxError and nothing else. */
export function compileRule(text: string): CompiledRule {
  const rule = parseRule(text);
  const predicate = buildPredicate(rule, text);
  const byteLength = Buffer.byteLength(text);
  return { text, byteLength, predicate, keys: indexKeys(predicate), hosts: ruleHosts(rule) };
}
