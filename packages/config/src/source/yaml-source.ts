// YAML (and JSON, which is read as YAML) → source nodes with positions, merge keys and aliases resolved.
// Bounded: nesting, alias growth and the number of errors; stops at the first syntax error.

import { Composer, type CST, type Document, isAlias, isMap, isScalar, isSeq, Lexer, type Node, Parser } from 'yaml';
import { ALIAS_FREE_NODES, ALIAS_MAX_FACTOR, DOCUMENT_MAX_DEPTH, SourceSyntaxError } from './source-limits.ts';
import type { SourceEntry, SourceNode } from './source-node.ts';

/** @throws SourceSyntaxError */
export function readYaml(text: string): SourceNode {
  const document = composeDocument(text);
  if (document === undefined || document.contents === null) return { kind: 'null', offset: 0 };
  return new NodeConverter().convertRoot(document.contents as Node);
}

/**
 * The composer recurses once per level, so nesting is limited while the (iterative) token parser runs: a stack
 * overflow inside a regular expression would end the process.
 */
function composeDocument(text: string): Document | undefined {
  const composer = new Composer({ uniqueKeys: false, intAsBigInt: true, prettyErrors: false, logLevel: 'silent' });
  stopAtFirstError(composer);
  const parser = new Parser();
  let document: Document | undefined;
  const take = (found: Document): void => {
    if (document !== undefined)
      throw new SourceSyntaxError('only one YAML document per file is accepted', found.range?.[0] ?? -1);
    document = found;
  };
  const compose = (token: CST.Token): void => {
    if (token.type === 'error') throw new SourceSyntaxError(lowerFirst(token.message), token.offset);
    for (const found of composer.next(token)) take(found as Document);
  };
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) compose(token);
    if (parser.stack.length > DOCUMENT_MAX_DEPTH * 2) {
      throw new SourceSyntaxError(`nested more than ${DOCUMENT_MAX_DEPTH} levels deep`, parser.offset);
    }
  }
  for (const token of parser.end()) compose(token);
  for (const found of composer.end(true, text.length)) take(found as Document);
  const [error] = document?.errors ?? [];
  if (error !== undefined) throw new SourceSyntaxError(lowerFirst(error.message), error.pos[0]);
  return document;
}

/** Error handling of the composer is private; a hostile document would otherwise collect one error per byte. */
function stopAtFirstError(composer: Composer): void {
  const inner = composer as unknown as {
    onError(source: unknown, code: string, message: string, warning?: boolean): void;
  };
  // The composer catches what is thrown below it and reports it again, one level up and with a worse position.
  let first: SourceSyntaxError | undefined;
  inner.onError = (source, _code, message, warning): void => {
    if (warning === true) return;
    first ??= new SourceSyntaxError(lowerFirst(message), errorOffset(source));
    throw first;
  };
}

function errorOffset(source: unknown): number {
  if (typeof source === 'number') return source;
  if (Array.isArray(source) && typeof source[0] === 'number') return source[0];
  const offset = (source as { offset?: unknown } | undefined)?.offset;
  return typeof offset === 'number' ? offset : -1;
}

/** Sentences of the parser start with a capital and may end with a period; ours do not. */
function lowerFirst(sentence: string): string {
  const [firstLine = ''] = sentence.split('\n');
  const trimmed = firstLine.replace(/[.:]$/, '');
  return /^[A-Z][a-z]/.test(trimmed) ? trimmed[0]!.toLowerCase() + trimmed.slice(1) : trimmed;
}

interface Converted {
  readonly node: SourceNode;
  /** Nodes when every alias is written out. */
  readonly size: number;
}

class NodeConverter {
  readonly #anchors = new Map<string, Converted>();
  #written = 0;
  #aliased = 0;

  convertRoot(root: Node): SourceNode {
    return this.#convert(root, 0).node;
  }

  #convert(node: unknown, depth: number): Converted {
    if (depth > DOCUMENT_MAX_DEPTH) {
      throw new SourceSyntaxError(`nested more than ${DOCUMENT_MAX_DEPTH} levels deep`, offsetOf(node));
    }
    if (isAlias(node)) return this.#resolveAlias(node.source, offsetOf(node));
    this.#written++;
    const converted = this.#convertCollection(node, depth);
    const anchor = (node as { anchor?: string } | null)?.anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, converted);
    return converted;
  }

  #convertCollection(node: unknown, depth: number): Converted {
    const offset = offsetOf(node);
    if (isMap(node)) return this.#convertMap(node.items, offset, depth);
    if (isSeq(node)) {
      const items: SourceNode[] = [];
      let size = 1;
      for (const item of node.items) {
        const converted = this.#convert(item, depth + 1);
        items.push(converted.node);
        size += converted.size;
      }
      return { node: { kind: 'list', offset, items }, size };
    }
    if (isScalar(node)) return { node: scalarNode(node.value, node.source, offset), size: 1 };
    return { node: { kind: 'null', offset }, size: 1 };
  }

  #convertMap(pairs: readonly { key: unknown; value: unknown }[], offset: number, depth: number): Converted {
    const entries: SourceEntry[] = [];
    const merges: Converted[] = [];
    let size = 1;
    for (const { key, value } of pairs) {
      const converted = this.#convert(value, depth + 1);
      size += converted.size;
      if (isScalar(key) && key.value === '<<' && key.type === 'PLAIN') merges.push(converted);
      else entries.push({ key: keyText(key), offset: offsetOf(key), node: converted.node });
    }
    for (const merge of merges) mergeInto(entries, merge.node);
    return { node: { kind: 'map', offset, entries }, size };
  }

  #resolveAlias(name: string, offset: number): Converted {
    const target = this.#anchors.get(name);
    if (target === undefined) throw new SourceSyntaxError(`no anchor "${name}" before this alias`, offset);
    this.#aliased += target.size;
    if (this.#aliased > Math.max(ALIAS_FREE_NODES, this.#written * ALIAS_MAX_FACTOR)) {
      throw new SourceSyntaxError('aliases make this document too large', offset);
    }
    return target;
  }
}

/** `<<: *defaults`: keys written out win over merged ones, earlier merges over later ones. */
function mergeInto(entries: SourceEntry[], merged: SourceNode): void {
  const sources = merged.kind === 'list' ? merged.items : [merged];
  const known = new Set(entries.map((entry) => entry.key.toLowerCase()));
  for (const source of sources) {
    if (source.kind !== 'map')
      throw new SourceSyntaxError('a merge key (<<) accepts a map or a list of maps', source.offset);
    for (const entry of source.entries) {
      if (known.has(entry.key.toLowerCase())) continue;
      known.add(entry.key.toLowerCase());
      entries.push(entry);
    }
  }
}

function keyText(key: unknown): string {
  if (isScalar(key)) return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value));
  throw new SourceSyntaxError('a key must be a plain word', offsetOf(key));
}

function offsetOf(node: unknown): number {
  return (node as { range?: [number, number, number] | null } | null)?.range?.[0] ?? -1;
}

function scalarNode(value: unknown, source: string | undefined, offset: number): SourceNode {
  if (value === null || value === undefined) return { kind: 'null', offset };
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') {
    return { kind: 'scalar', offset, value, text: typeof value === 'string' ? value : (source ?? String(value)) };
  }
  if (typeof value === 'bigint') {
    const small = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);
    return { kind: 'scalar', offset, value: small ? Number(value) : value, text: source ?? String(value) };
  }
  return { kind: 'scalar', offset, value: source ?? String(value), text: source ?? String(value) };
}
