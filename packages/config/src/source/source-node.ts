// The common form of everything that is decoded: a YAML or TOML document, flags or environment variables.
// Plain data with positions; knows no schema. Maps are lists of entries, so no key (`__proto__`) can do harm.

export type ScalarValue = string | number | bigint | boolean;

export interface ScalarNode {
  readonly kind: 'scalar';
  /** UTF-16 offset in the text, -1 when unknown. */
  readonly offset: number;
  readonly value: ScalarValue;
  /** As written, for keys and strings that look like numbers (`1.0`, `0755`). */
  readonly text: string;
}

export interface NullNode {
  readonly kind: 'null';
  readonly offset: number;
}

export interface ListNode {
  readonly kind: 'list';
  readonly offset: number;
  readonly items: readonly SourceNode[];
}

export interface MapNode {
  readonly kind: 'map';
  readonly offset: number;
  readonly entries: readonly SourceEntry[];
  /** Flags and environment only: the value the section itself was given besides its keys (`--api=true --api.debug`). */
  readonly section?: string;
}

export type SourceNode = ScalarNode | NullNode | ListNode | MapNode;

export interface SourceEntry {
  readonly key: string;
  readonly offset: number;
  readonly node: SourceNode;
}

export interface Position {
  /** 1-based. */
  readonly line: number;
  /** 1-based, in UTF-16 code units. */
  readonly column: number;
}

export interface SourceDocument {
  readonly root: SourceNode;
  /** File path, `flags` or `environment`; as it appears in diagnostics. */
  readonly name: string;
  /** Lists may be given as maps of indices, and nothing but strings occurs (flags, environment). */
  readonly stringly: boolean;
  /** Undefined for -1 and for sources without lines. */
  position(offset: number): Position | undefined;
}

/** The entry with that key, in any case; an exact spelling wins. */
export function findEntry(node: SourceNode, key: string): SourceEntry | undefined {
  if (node.kind !== 'map') return undefined;
  const lower = key.toLowerCase();
  let found: SourceEntry | undefined;
  for (const entry of node.entries) {
    if (entry.key === key) return entry;
    if (found === undefined && entry.key.toLowerCase() === lower) found = entry;
  }
  return found;
}

/** Where the last key of the path stands, or the last one that is there. */
export function findPosition(document: SourceDocument, path: readonly string[]): Position | undefined {
  let node = document.root;
  let offset = -1;
  for (const key of path) {
    const entry = findEntry(node, key);
    if (entry === undefined) break;
    ({ node, offset } = entry);
  }
  return document.position(offset);
}
