// One object: source node + schema → validated value, or diagnostics with positions. Never throws, and knows nothing of
// other objects: what they have to do with each other is checked in references/.

import type { Diagnostic } from '@sluice/errors';
import type { z } from 'zod';
import { issueCode } from '../schema/issue.ts';
import { findEntry, type SourceDocument, type SourceNode } from '../source/source-node.ts';
import { DecodeContext, type DecodeOptions } from './decode-context.ts';
import { ABSENT, shapeNode } from './shape-node.ts';

export interface DecodedObject<Value> {
  /** Undefined when the object is refused. */
  readonly value: Value | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export interface ObjectLocation {
  /** For diagnostics: `http.routers.web`; undefined for the static root. */
  readonly object: string | undefined;
  /** Path pattern of the object for the table of unsupported keys: `['http', 'routers', '*']`. */
  readonly pattern: readonly string[];
  /** Put in front of every key in messages; empty at the object itself. */
  readonly shown?: string;
}

export function decodeObject<Value>(
  schema: z.ZodType<Value>,
  node: SourceNode,
  document: SourceDocument,
  location: ObjectLocation,
  options: DecodeOptions,
): DecodedObject<Value> {
  const context = new DecodeContext(document, options, location.object);
  const shown = location.shown ?? '';
  const shaped = shapeNode(schema, node, context, location.pattern, shown);
  const parsed = schema.safeParse(shaped === ABSENT ? undefined : shaped);
  // A mistyped key is reported once, not a second time as the absence of the key that was meant.
  const explained = context.hasErrors;
  if (!parsed.success) for (const issue of parsed.error.issues) reportIssue(issue, node, context, shown, explained);
  const value = parsed.success && !context.hasErrors ? parsed.data : undefined;
  return { value, diagnostics: context.diagnostics };
}

function reportIssue(
  issue: z.core.$ZodIssue,
  node: SourceNode,
  context: DecodeContext,
  shown: string,
  explained: boolean,
): void {
  const path = issue.path.map((part) => (typeof part === 'number' ? part : String(part)));
  const subject = subjectOf(path, shown);
  const isMissing = issue.code === 'invalid_type' && isAbsent(node, path);
  if (isMissing && explained) return;
  const offset = offsetOf(node, path);
  if (isMissing) context.report('error', 'CONFIG_MISSING', `${subject} is required`, offset);
  else context.report('error', issueCode(issue) ?? 'CONFIG_VALUE', `${subject} ${issueSentence(issue)}`, offset);
}

function subjectOf(path: readonly (string | number)[], shown: string): string {
  let text = shown;
  for (const part of path) text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${part}`;
  return text === '' ? 'this object' : `"${text}"`;
}

/** What zod found, as the second half of a sentence. Our own schemas already speak that way. */
function issueSentence(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_value':
      return `must be one of ${issue.values.map(String).join(', ')}`;
    case 'invalid_type':
      return isOwnSentence(issue.message) ? issue.message : `must be ${article(issue.expected)}`;
    case 'too_small':
      return isOwnSentence(issue.message) ? issue.message : `must be at least ${issue.minimum}${unitOf(issue.origin)}`;
    case 'too_big':
      return isOwnSentence(issue.message) ? issue.message : `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'is not an accepted name';
    case 'unrecognized_keys':
      return `has unknown keys: ${issue.keys.join(', ')}`;
    default:
      return isOwnSentence(issue.message) ? issue.message : `is not valid: ${issue.message}`;
  }
}

function isOwnSentence(message: string): boolean {
  return /^[a-z]/.test(message);
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section with keys of its own',
  record: 'a map',
  bigint: 'a whole number',
};

function article(expected: string): string {
  return TYPE_WORDS[expected] ?? expected;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' ? ' items long' : '';
}

/** Offset of the deepest part of the path that was written; a missing key points at the object it is missing from. */
function offsetOf(node: SourceNode, path: readonly (string | number)[]): number {
  let current = node;
  let { offset } = node;
  for (const part of path) {
    const next = stepInto(current, part);
    if (next === undefined) break;
    if (next.offset >= 0) offset = next.offset;
    current = next.node;
  }
  return offset;
}

function isAbsent(node: SourceNode, path: readonly (string | number)[]): boolean {
  let current: SourceNode | undefined = node;
  for (const part of path) current = current === undefined ? undefined : stepInto(current, part)?.node;
  return current === undefined || current.kind === 'null';
}

function stepInto(node: SourceNode, part: string | number): { node: SourceNode; offset: number } | undefined {
  if (typeof part === 'number' && node.kind === 'list') {
    const item = node.items[part];
    return item === undefined ? undefined : { node: item, offset: item.offset };
  }
  const entry = findEntry(node, String(part));
  if (entry === undefined) return undefined;
  return {
    node: entry.node,
    offset: entry.node.kind === 'scalar' && entry.node.offset >= 0 ? entry.node.offset : entry.offset,
  };
}
