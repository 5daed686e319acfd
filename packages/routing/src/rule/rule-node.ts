// The parsed form of a rule: the expression as written, with the matchers' own spellings already resolved.

import type { MatcherName } from './matcher-definition.ts';

export interface RuleArgument {
  readonly value: string;
  /** Where its literal starts in the rule, quote included; UTF-16 code units. */
  readonly offset: number;
  /** Raw (backtick) literals map their offsets one to one onto the rule. */
  readonly raw: boolean;
}

export interface MatcherNode {
  readonly type: 'matcher';
  readonly name: MatcherName;
  readonly arguments: readonly RuleArgument[];
  /** Where the name starts. */
  readonly offset: number;
}

export type RuleNode =
  | MatcherNode
  | { readonly type: 'not'; readonly node: RuleNode }
  /** Two or more operands, in the order written. */
  | { readonly type: 'and' | 'or'; readonly nodes: readonly RuleNode[] };
