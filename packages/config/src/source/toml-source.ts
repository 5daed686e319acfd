// TOML → source nodes. smol-toml decides what the document means; `toml-positions.ts` finds where its keys stand.

import { parse, TomlDate, TomlError } from 'smol-toml';
import { DOCUMENT_MAX_DEPTH, SourceSyntaxError } from './source-limits.ts';
import type { SourceEntry, SourceNode } from './source-node.ts';
import { type KeyPosition, scanTomlPositions } from './toml-positions.ts';

/** @throws SourceSyntaxError */
export function readToml(text: string): SourceNode {
  const document = parseToml(text);
  return convert(document, scanTomlPositions(text), 0, 0);
}

function parseToml(text: string): unknown {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded', maxDepth: DOCUMENT_MAX_DEPTH });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new SourceSyntaxError(first, offsetOf(text, error.line, error.column));
  }
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let current = 1; current < line; current++) start = text.indexOf('\n', start) + 1;
  return start + column - 1;
}

function convert(value: unknown, at: KeyPosition | undefined, offset: number, depth: number): SourceNode {
  if (depth > DOCUMENT_MAX_DEPTH)
    throw new SourceSyntaxError(`nested more than ${DOCUMENT_MAX_DEPTH} levels deep`, offset);
  if (
    typeof value === 'string' ||
    typeof value === 'boolean' ||
    typeof value === 'number' ||
    typeof value === 'bigint'
  ) {
    return { kind: 'scalar', offset, value, text: String(value) };
  }
  if (value instanceof TomlDate)
    return { kind: 'scalar', offset, value: value.toISOString(), text: value.toISOString() };
  if (Array.isArray(value)) {
    const items = value.map((item, index) => {
      const child = at?.children?.get(String(index));
      return convert(item, child, child?.offset ?? -1, depth + 1);
    });
    return { kind: 'list', offset, items };
  }
  return convertTable(value as object, at, offset, depth);
}

function convertTable(table: object, at: KeyPosition | undefined, offset: number, depth: number): SourceNode {
  const entries: SourceEntry[] = [];
  for (const [key, value] of Object.entries(table)) {
    const child = at?.children?.get(key);
    entries.push({
      key,
      offset: child?.offset ?? -1,
      node: convert(value, child, child?.valueOffset ?? child?.offset ?? -1, depth + 1),
    });
  }
  return { kind: 'map', offset, entries };
}
