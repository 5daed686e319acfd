// What the decoder needs to know of a zod schema: is it a map with known keys, a map with chosen names, a list or a scalar?
// The only file that looks inside zod. Results are cached per schema, so decoding 100,000 objects inspects it once.

import type { z } from 'zod';
import { schemaFacts } from '../schema/section.ts';

type Schema = z.core.$ZodType;

export type SchemaShape =
  | { readonly kind: 'object'; readonly keys: ReadonlyMap<string, KnownKey>; readonly mayBeEmpty: boolean }
  | { readonly kind: 'record'; readonly value: Schema; readonly mayBeEmpty: boolean }
  | { readonly kind: 'array'; readonly element: Schema }
  | { readonly kind: 'union'; readonly options: readonly Schema[] }
  | { readonly kind: 'string' | 'number' | 'boolean' | 'bigint' | 'other' };

export interface KnownKey {
  /** Spelled as in the reference. */
  readonly key: string;
  readonly schema: Schema;
}

const shapes = new WeakMap<Schema, SchemaShape>();

export function shapeOf(schema: Schema): SchemaShape {
  let shape = shapes.get(schema);
  if (shape === undefined) {
    shape = inspect(schema);
    shapes.set(schema, shape);
  }
  return shape;
}

function inspect(schema: Schema): SchemaShape {
  let mayBeEmpty = schemaFacts(schema).mayBeEmpty === true;
  let current = schema;
  for (let inner = wrapped(current); inner !== undefined; inner = wrapped(current)) {
    current = inner;
    mayBeEmpty ||= schemaFacts(current).mayBeEmpty === true;
  }
  const definition = definitionOf(current);
  switch (definition.type) {
    case 'object':
      return { kind: 'object', keys: keyIndex(definition.shape ?? {}), mayBeEmpty };
    case 'record':
      return { kind: 'record', value: definition.valueType!, mayBeEmpty };
    case 'array':
      return { kind: 'array', element: definition.element! };
    case 'union':
      return { kind: 'union', options: definition.options ?? [] };
    case 'enum':
    case 'template_literal':
      return { kind: 'string' };
    case 'literal':
      return { kind: typeof definition.values?.[0] === 'string' ? 'string' : 'other' };
    case 'string':
    case 'number':
    case 'boolean':
    case 'bigint':
      return { kind: definition.type };
    default:
      return { kind: 'other' };
  }
}

/** The parts of zod's definitions used here. */
interface Definition {
  readonly type: string;
  readonly innerType?: Schema;
  readonly in?: Schema;
  readonly out?: Schema;
  readonly getter?: () => Schema;
  readonly shape?: Readonly<Record<string, Schema>>;
  readonly valueType?: Schema;
  readonly element?: Schema;
  readonly options?: readonly Schema[];
  readonly values?: readonly unknown[];
}

function definitionOf(schema: Schema): Definition {
  return schema._zod.def as unknown as Definition;
}

/** The schema inside optional, default, readonly, pipe (its input side, unless that is a preprocess function) and lazy. */
function wrapped(schema: Schema): Schema | undefined {
  const { type, innerType, in: input, out, getter } = definitionOf(schema);
  if (type === 'pipe') return input !== undefined && definitionOf(input).type === 'transform' ? out : input;
  if (type === 'lazy') return getter?.();
  return innerType;
}

function keyIndex(shape: Readonly<Record<string, Schema>>): ReadonlyMap<string, KnownKey> {
  return new Map(Object.entries(shape).map(([key, schema]) => [key.toLowerCase(), { key, schema }]));
}

/**
 * For a union: the option that fits what was written. Undefined: none does; the schema itself will say so.
 * A scalar fits a list, as its comma-separated form.
 */
export function pickOption(options: readonly Schema[], kind: 'map' | 'list' | 'scalar'): Schema | undefined {
  return options.find((option) => {
    const { kind: optionKind } = shapeOf(option);
    if (kind === 'map') return optionKind === 'object' || optionKind === 'record';
    return optionKind === 'array';
  });
}
