// What a flag means for the command line: does it take the next argument, may it be given bare, is it a list?

import type { z } from 'zod';
import { pickOption, shapeOf } from '../decode/schema-shape.ts';

export type FlagKind =
  /** Boolean or a section that may be empty: `true` without `=`. */
  | 'switch'
  | 'value'
  | 'list'
  /** A section that means nothing by itself. */
  | 'section'
  /** No key of this version: perhaps one that is known but not supported, otherwise the decoder will complain. */
  | 'unknown';

/** @param path key path, split at dots and before list indices */
export function flagKind(schema: z.core.$ZodType, path: readonly string[]): FlagKind {
  let current = schema;
  for (const part of path) {
    const next = stepInto(current, part);
    if (next === undefined) return 'unknown';
    current = next;
  }
  return kindOf(current);
}

function stepInto(schema: z.core.$ZodType, part: string): z.core.$ZodType | undefined {
  const shape = shapeOf(schema);
  if (shape.kind === 'object') return shape.keys.get(part.toLowerCase())?.schema;
  if (shape.kind === 'record') return shape.value;
  if (shape.kind === 'array') return /^\[?[^[\]]+\]?$/.test(part) ? shape.element : undefined;
  const option = shape.kind === 'union' ? pickOption(shape.options, 'list') : undefined;
  return option === undefined ? undefined : stepInto(option, part);
}

function kindOf(schema: z.core.$ZodType): FlagKind {
  const shape = shapeOf(schema);
  switch (shape.kind) {
    case 'boolean':
      return 'switch';
    case 'object':
      return shape.mayBeEmpty ? 'switch' : 'section';
    case 'record':
      return 'section';
    case 'array':
      return 'list';
    case 'union':
      return pickOption(shape.options, 'list') === undefined ? 'value' : 'list';
    default:
      return 'value';
  }
}
