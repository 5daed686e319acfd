// The parsed form of an RE2 pattern. Flags are resolved while parsing, so no node depends on its surroundings.

import type { CharacterSet } from './character-set.ts';

export type Re2Assertion =
  | 'text-start'
  | 'text-end'
  | 'line-start'
  | 'line-end'
  | 'word-boundary'
  | 'not-word-boundary';

export interface Re2Repeat {
  readonly type: 'repeat';
  readonly node: Re2Node;
  readonly min: number;
  /** Infinity: no upper bound. */
  readonly max: number;
  readonly greedy: boolean;
}

export interface Re2Group {
  readonly type: 'group';
  /** 1-based, as counted by RE2. */
  readonly index: number;
  /** Empty when unnamed. */
  readonly name: string;
  readonly node: Re2Node;
}

export type Re2Node =
  /** One character out of a set; a literal is a set of one. */
  | { readonly type: 'set'; readonly set: CharacterSet }
  | { readonly type: 'assertion'; readonly assertion: Re2Assertion }
  | { readonly type: 'concatenation'; readonly nodes: readonly Re2Node[] }
  | { readonly type: 'alternation'; readonly nodes: readonly Re2Node[] }
  | Re2Repeat
  | Re2Group;

export interface Re2Pattern {
  readonly root: Re2Node;
  readonly groupCount: number;
  /** Entry i names group i + 1; empty when unnamed. */
  readonly groupNames: readonly string[];
}
