// Spells a parsed RE2 pattern as a JavaScript pattern that needs no flags. V8's linear-time engine takes neither the
// `i`, `u`, `v` flags, nor lookahead, nor repetition counts above 16 (nested counts multiplied): case and characters
// above U+FFFF are spelled out as classes, and larger counts as copies. Only `(?m)$` is left outside of that engine.

import { characterSetSource } from './character-set.ts';
import type { Re2Assertion, Re2Node, Re2Pattern, Re2Repeat } from './re2-node.ts';
import { Re2SyntaxError } from './re2-syntax-error.ts';

/** Counts that V8's linear-time engine accepts. */
const LINEAR_REPEAT_MAX = 16;
/** UTF-16 units of source up to which counts are spelled as copies; beyond it they stay counts. */
const COPIED_SOURCE_MAX = 1 << 18;
/** UTF-16 units of source that are refused. */
const SOURCE_MAX = 1 << 22;

export interface EmittedPattern {
  readonly source: string;
  /** RE2 group number of each JavaScript group, in order; empty when groups were not asked for. */
  readonly groups: readonly number[];
  /** V8's linear-time engine can execute it. */
  readonly linear: boolean;
}

/**
 * `keepGroups`: false spells every group as non-capturing.
 * @throws Re2SyntaxError when the result would be larger than 4 Mi units.
 */
export function emitJavaScript(pattern: Re2Pattern, keepGroups: boolean): EmittedPattern {
  const copying = new Emitter(keepGroups, true, COPIED_SOURCE_MAX);
  try {
    return copying.emitPattern(pattern);
  } catch (error) {
    if (!(error instanceof SourceTooLarge)) throw error;
  }
  try {
    return new Emitter(keepGroups, false, SOURCE_MAX).emitPattern(pattern);
  } catch (error) {
    if (!(error instanceof SourceTooLarge)) throw error;
    throw new Re2SyntaxError('the regular expression is too large', 0);
  }
}

class SourceTooLarge extends Error {}

class Emitter {
  private readonly keepGroups: boolean;
  private readonly copyLargeCounts: boolean;
  private readonly groups: number[] = [];
  private remaining: number;
  private linear = true;

  constructor(keepGroups: boolean, copyLargeCounts: boolean, sourceMax: number) {
    this.keepGroups = keepGroups;
    this.copyLargeCounts = copyLargeCounts;
    this.remaining = sourceMax;
  }

  emitPattern(pattern: Re2Pattern): EmittedPattern {
    const source = this.emit(pattern.root, LINEAR_REPEAT_MAX);
    return { source: source === '' ? '(?:)' : source, groups: this.groups, linear: this.linear };
  }

  /** `countMax`: what repetition counts inside this node may multiply to. */
  private emit(node: Re2Node, countMax: number): string {
    switch (node.type) {
      case 'set':
        return this.spend(characterSetSource(node.set));
      case 'assertion':
        return this.spend(this.emitAssertion(node.assertion));
      case 'concatenation':
        return node.nodes.map((child) => this.emitOperand(child, countMax)).join('');
      case 'alternation':
        return node.nodes.map((child) => this.emit(child, countMax)).join('|');
      case 'repeat':
        return this.emitRepeat(node, countMax);
      case 'group': {
        if (this.keepGroups) this.groups.push(node.index);
        const open = this.spend(this.keepGroups ? '(' : '(?:');
        return `${open}${this.emit(node.node, countMax)})`;
      }
    }
  }

  private emitOperand(node: Re2Node, countMax: number): string {
    const source = this.emit(node, countMax);
    return node.type === 'alternation' ? `(?:${source})` : source;
  }

  private emitAssertion(assertion: Re2Assertion): string {
    switch (assertion) {
      case 'text-start':
        return '^';
      case 'text-end':
        return '$';
      case 'line-start':
        return '(?<![^\\n])';
      case 'line-end':
        this.linear = false;
        return '(?![^\\n])';
      case 'word-boundary':
        return '\\b';
      case 'not-word-boundary':
        return '\\B';
    }
  }

  private emitRepeat(repeat: Re2Repeat, countMax: number): string {
    const { min, max } = repeat;
    const count = Math.max(max === Number.POSITIVE_INFINITY ? min : max, 1);
    if (count > countMax && this.copyLargeCounts) return this.emitCopies(repeat, countMax);
    if (count > countMax) this.linear = false;
    const inner = this.emitRepeated(repeat.node, Math.max(1, Math.floor(countMax / count)));
    return `${inner}${quantifier(min, max)}${repeat.greedy ? '' : '?'}`;
  }

  /** x{20,22} as 20 copies of x and then (?:x(?:x)?)?, which tries the same choices in the same order. */
  private emitCopies({ node, min, max, greedy }: Re2Repeat, countMax: number): string {
    const lazy = greedy ? '' : '?';
    let source = '';
    if (max === Number.POSITIVE_INFINITY) {
      for (let copy = 1; copy < min; copy++) source += this.emitRepeated(node, countMax);
      return `${source}${this.emitRepeated(node, countMax)}+${lazy}`;
    }
    for (let copy = 0; copy < min; copy++) source += this.emitRepeated(node, countMax);
    for (let copy = min; copy < max; copy++) source += this.spend('(?:') + this.emitRepeated(node, countMax);
    return source + this.spend(`)?${lazy}`.repeat(max - min));
  }

  /** A node spelled so that a quantifier behind it applies to all of it. */
  private emitRepeated(node: Re2Node, countMax: number): string {
    const source = this.emit(node, countMax);
    return node.type === 'set' || node.type === 'group' ? source : `(?:${source})`;
  }

  private spend(source: string): string {
    this.remaining -= source.length;
    if (this.remaining < 0) throw new SourceTooLarge();
    return source;
  }
}

function quantifier(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}
