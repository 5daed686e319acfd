// Brings a source node into the form a schema expects: canonical key spelling, null keys skipped, scalars converted, lists
// split. Reports unknown and unsupported keys with their position. Judges no values: that is the schema's work.

import type { z } from 'zod';
import { splitList } from '../schema/lists.ts';
import { parseBoolean } from '../schema/scalars.ts';
import type { MapNode, ScalarNode, ScalarValue, SourceEntry, SourceNode } from '../source/source-node.ts';
import type { DecodeContext } from './decode-context.ts';
import { nearestKeyHint } from './nearest-key.ts';
import { pickOption, type SchemaShape, shapeOf } from './schema-shape.ts';

type Schema = z.core.$ZodType;
type ObjectShape = Extract<SchemaShape, { kind: 'object' }>;

/** Nothing to decode: the key counts as absent. */
export const ABSENT = Symbol('absent');
export type Shaped = unknown | typeof ABSENT;

/**
 * @param pattern path from the root with `*` for chosen names: where unsupported keys are looked up
 * @param shown path below the object, as it is shown in messages
 */
export function shapeNode(
  schema: Schema,
  node: SourceNode,
  context: DecodeContext,
  pattern: readonly string[],
  shown: string,
): Shaped {
  if (node.kind === 'null') return ABSENT;
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case 'object':
      return shapeObject(shape, node, context, pattern, shown);
    case 'record':
      return shapeRecord(shape.value, shape.mayBeEmpty, node, context, pattern, shown);
    case 'array':
      return shapeArray(shape.element, node, context, pattern, shown);
    case 'union': {
      const indexed = node.kind === 'map' && context.document.stringly ? 'list' : node.kind;
      const option = pickOption(shape.options, node.kind) ?? pickOption(shape.options, indexed);
      return option === undefined ? plainValue(node) : shapeNode(option, node, context, pattern, shown);
    }
    default:
      return node.kind === 'scalar' ? convertScalar(node, shape.kind) : plainValue(node);
  }
}

function shapeObject(
  shape: ObjectShape,
  node: SourceNode,
  context: DecodeContext,
  pattern: readonly string[],
  shown: string,
): Shaped {
  if (node.kind !== 'map') return bareSection(node, shape.mayBeEmpty);
  if (node.section !== undefined && !shape.mayBeEmpty) return node.section;
  if (isSwitchedOff(node)) return ABSENT;
  const result: Record<string, unknown> = {};
  for (const entry of node.entries) {
    const known = shape.keys.get(entry.key.toLowerCase());
    if (known === undefined) {
      reportUnknown(shape, entry, context, pattern, shown);
      continue;
    }
    const path = join(shown, known.key);
    if (Object.hasOwn(result, known.key)) {
      context.report('error', 'CONFIG_CONFLICT', `"${path}" is given twice`, entry.offset);
      continue;
    }
    const value = shapeNode(known.schema, entry.node, context, [...pattern, known.key], path);
    if (value !== ABSENT) result[known.key] = value;
  }
  return result;
}

function shapeRecord(
  valueSchema: Schema,
  emptyAllowed: boolean,
  node: SourceNode,
  context: DecodeContext,
  pattern: readonly string[],
  shown: string,
): Shaped {
  if (node.kind !== 'map') return bareSection(node, emptyAllowed);
  const result: Record<string, unknown> = {};
  for (const entry of node.entries) {
    const path = join(shown, entry.key);
    if (entry.key === '__proto__') {
      context.report('error', 'CONFIG_VALUE', `"${path}" is not an accepted name`, entry.offset);
    } else if (Object.hasOwn(result, entry.key)) {
      context.report('error', 'CONFIG_CONFLICT', `"${path}" is given twice`, entry.offset);
    } else {
      const value = shapeNode(valueSchema, entry.node, context, [...pattern, '*'], path);
      if (value !== ABSENT) result[entry.key] = value;
    }
  }
  return result;
}

function shapeArray(
  element: Schema,
  node: SourceNode,
  context: DecodeContext,
  pattern: readonly string[],
  shown: string,
): Shaped {
  const elementKind = shapeOf(element).kind;
  const ofScalars = elementKind !== 'object' && elementKind !== 'record' && elementKind !== 'array';
  if (node.kind === 'scalar') {
    if (!ofScalars || typeof node.value !== 'string')
      return ofScalars ? [convertScalar(node, elementKind)] : node.value;
    return splitList(node.value).map((text) => convertScalar({ ...node, value: text, text }, elementKind));
  }
  if (node.kind === 'map' && context.document.stringly) {
    if (ofScalars) {
      const first = node.entries[0]?.key ?? '0';
      context.report(
        'error',
        'CONFIG_VALUE',
        `"${shown}" takes a comma-separated list, not an index (${first})`,
        node.offset,
      );
      return ABSENT;
    }
    const sorted = [...node.entries].sort((a, b) => (a.key < b.key ? -1 : 1));
    return shapeItems(
      sorted.map((entry) => entry.node),
      element,
      context,
      pattern,
      shown,
    );
  }
  return node.kind === 'list' ? shapeItems(node.items, element, context, pattern, shown) : plainValue(node);
}

function shapeItems(
  items: readonly SourceNode[],
  element: Schema,
  context: DecodeContext,
  pattern: readonly string[],
  shown: string,
): unknown[] {
  const itemPattern = [...pattern, '*'];
  return items.map((item, index) => {
    const value = shapeNode(element, item, context, itemPattern, `${shown}[${index}]`);
    return value === ABSENT ? undefined : value;
  });
}

/** `section: true` enables a section that may be empty, any other scalar leaves it off; elsewhere the schema complains. */
function bareSection(node: SourceNode, allowed: boolean): Shaped {
  if (node.kind !== 'scalar' || !allowed) return plainValue(node);
  return node.text.toLowerCase() === 'true' ? {} : ABSENT;
}

/** `--api=false --api.debug`: the section stays off. */
function isSwitchedOff(node: MapNode): boolean {
  return node.section !== undefined && node.section.toLowerCase() !== 'true';
}

/** Go's weak decoding: a scalar written in another type is converted where that loses nothing. */
function convertScalar(node: ScalarNode, kind: SchemaShape['kind']): ScalarValue {
  const { value } = node;
  if (kind === 'string') return typeof value === 'string' ? value : node.text;
  if (typeof value !== 'string') return value;
  const text = value.trim();
  if (kind === 'boolean') return parseBoolean(text) ?? value;
  if (kind === 'number') return /^[+-]?(\d{1,15}\.?\d*|\.\d+)$/.test(text) ? Number(text) : value;
  if (kind === 'bigint') return /^-?\d{1,20}$/.test(text) ? BigInt(text) : value;
  return value;
}

function plainValue(node: SourceNode): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  if (node.kind === 'null') return undefined;
  return Object.fromEntries(node.entries.map(({ key, node: value }) => [key, plainValue(value)]));
}

function reportUnknown(
  shape: ObjectShape,
  entry: SourceEntry,
  context: DecodeContext,
  pattern: readonly string[],
  shown: string,
): void {
  const { unknownKeys, unsupportedKeys } = context.options;
  const path = join(shown, entry.key);
  const severity = unsupportedKeys.severity([...pattern, entry.key], entry.node);
  if (severity === 'accept') return;
  if (severity !== undefined) {
    if (entry.node.kind === 'null') return;
    const outcome = severity === 'warning' ? 'it is ignored' : 'ignoring it would not be safe';
    const message = `"${path}" is known, but not supported by this version yet; ${outcome}`;
    context.report(severity, 'CONFIG_UNSUPPORTED', message, entry.offset);
    return;
  }
  const known = [...shape.keys.values()].map(({ key }) => key);
  const hint = nearestKeyHint(entry.key, [...known, ...unsupportedKeys.namesBelow(pattern)]);
  const message = `unknown key "${path}"; accepted here: ${known.join(', ')}`;
  context.report(unknownKeys === 'warn' ? 'warning' : 'error', 'CONFIG_UNKNOWN_KEY', message, entry.offset, hint);
}

function join(shown: string, key: string): string {
  return shown === '' ? key : `${shown}.${key}`;
}
