// Where a rule has to be looked for. Every request that a rule matches satisfies at least one of its keys, so an index
// by key narrows the candidates without changing the result. Evaluates nothing.

import type { Predicate, RequestTest } from '../match/predicate.ts';

export interface HostKey {
  /** True: `text` is what follows the first label (with its dot); false: the whole host. */
  readonly wildcard: boolean;
  readonly text: string;
}

export interface PathKey {
  readonly prefix: boolean;
  readonly text: string;
}

export interface IndexKey {
  /** Undefined: any host, or none. */
  readonly host: HostKey | undefined;
  /** Undefined: any path. */
  readonly path: PathKey | undefined;
  /** A request that satisfies the key satisfies the rule: nothing is left to evaluate. */
  readonly complete: boolean;
}

/** A rule with more keys than this is filed under "any". */
const KEYS_MAX = 8192;

const ANYTHING: readonly IndexKey[] = [{ host: undefined, path: undefined, complete: false }];
const EVERYTHING: readonly IndexKey[] = [{ host: undefined, path: undefined, complete: true }];

/** No keys at all: the rule matches nothing. */
export function indexKeys(predicate: Predicate): readonly IndexKey[] {
  return keysOf(predicate, false);
}

function keysOf(predicate: Predicate, negated: boolean): readonly IndexKey[] {
  switch (predicate.type) {
    case 'test':
      return keysOfTest(predicate.test, negated);
    case 'not':
      return keysOf(predicate.node, !negated);
    case 'and':
    case 'or': {
      const operands = predicate.nodes.map((node) => keysOf(node, negated));
      const isConjunction = (predicate.type === 'and') !== negated;
      return isConjunction ? operands.reduce(conjunction) : disjunction(operands);
    }
  }
}

function keysOfTest(test: RequestTest, negated: boolean): readonly IndexKey[] {
  if (test.kind === 'always') return negated ? [] : EVERYTHING;
  if (test.kind === 'never') return negated ? EVERYTHING : [];
  if (negated) return ANYTHING;
  switch (test.kind) {
    case 'host': {
      const wildcard = test.value.startsWith('*');
      return [{ host: { wildcard, text: test.value.slice(wildcard ? 1 : 0) }, path: undefined, complete: true }];
    }
    case 'path':
    case 'path-prefix': {
      const prefix = test.kind === 'path-prefix';
      return [{ host: undefined, path: { prefix, text: test.value }, complete: true }];
    }
    default:
      return ANYTHING;
  }
}

function disjunction(operands: readonly (readonly IndexKey[])[]): readonly IndexKey[] {
  const keys = operands.flat();
  return keys.length > KEYS_MAX ? ANYTHING : keys;
}

function conjunction(left: readonly IndexKey[], right: readonly IndexKey[]): readonly IndexKey[] {
  if (left.length * right.length > KEYS_MAX) {
    const narrower = narrowness(left) >= narrowness(right) ? left : right;
    return narrower.map((key) => ({ ...key, complete: false }));
  }
  return left.flatMap((a) => right.map((b) => both(a, b)));
}

function narrowness(keys: readonly IndexKey[]): number {
  const hosts = keys.every((key) => key.host !== undefined) ? 2 : 0;
  return hosts + (keys.every((key) => key.path !== undefined) ? 1 : 0);
}

function both(a: IndexKey, b: IndexKey): IndexKey {
  const dropsOne = (a.host !== undefined && b.host !== undefined) || (a.path !== undefined && b.path !== undefined);
  return {
    host: a.host ?? b.host,
    path: narrowerPath(a.path, b.path),
    complete: a.complete && b.complete && !dropsOne,
  };
}

function narrowerPath(a: PathKey | undefined, b: PathKey | undefined): PathKey | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.prefix !== b.prefix) return a.prefix ? b : a;
  return a.text.length >= b.text.length ? a : b;
}
