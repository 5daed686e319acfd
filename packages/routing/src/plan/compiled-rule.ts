// One rule, compiled: what it means, what priority it gives, and under which hosts and paths it can be found.
// Depends on the text alone, so it can be kept as long as the text is in use.

import { buildPredicate } from '../match/build-predicate.ts';
import type { Predicate } from '../match/predicate.ts';
import type { RuleProtocol } from '../rule/matcher-definition.ts';
import { parseRule } from '../rule/parse-rule.ts';
import { RuleSyntaxError } from '../rule/rule-syntax-error.ts';
import { type IndexKey, indexKeys } from './index-keys.ts';
import { isCatchAllRule, ruleHosts } from './rule-hosts.ts';
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
  /** Nothing but HostSNI(`*`). */
  readonly isCatchAll: boolean;
}

/** What UDP routers without a rule have. */
const EVERYTHING: Predicate = { type: 'test', test: { kind: 'always' }, text: 'everything' };

/** @param protocol default `http` @throws RuleSyntaxError and nothing else. */
export function compileRule(text: string, protocol: RuleProtocol = 'http'): CompiledRule {
  if (protocol === 'udp' && text.trim() === '') return emptyRule();
  const rule = parseRule(text, protocol);
  const predicate = buildPredicate(rule, text);
  const byteLength = Buffer.byteLength(text);
  const keys = indexKeys(predicate);
  return { text, byteLength, predicate, keys, hosts: ruleHosts(rule), isCatchAll: isCatchAllRule(rule) };
}

/** The same; what is wrong is the result. */
export function tryCompileRule(text: string, protocol: RuleProtocol = 'http'): CompiledRule | RuleSyntaxError {
  try {
    return compileRule(text, protocol);
  } catch (error) {
    if (error instanceof RuleSyntaxError) return error;
    throw error;
  }
}

function emptyRule(): CompiledRule {
  return { text: '', byteLength: 0, predicate: EVERYTHING, keys: indexKeys(EVERYTHING), hosts: [], isCatchAll: true };
}
