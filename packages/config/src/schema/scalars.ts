// Scalars in every form the reference accepts. The decoder already converts between scalar types where a schema asks for
// a plain string, number or boolean; these are for schemas that are also used without it (tests, plugins).

import { z } from 'zod';
import { typeNamed } from './section.ts';

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** `1 t T true TRUE True` / `0 f F false FALSE False`; undefined for anything else (`yes`, `on`). */
export function parseBoolean(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

const BOOLEAN_FORM = 'must be true or false';

/** A boolean or its Go spelling. */
export function lenientBoolean() {
  const schema = z
    .union([z.boolean(), z.string(), z.number()], { error: BOOLEAN_FORM })
    .transform((value, context): boolean => {
      const parsed = typeof value === 'boolean' ? value : parseBoolean(String(value));
      if (parsed !== undefined) return parsed;
      context.addIssue({ code: 'custom', message: BOOLEAN_FORM });
      return z.NEVER;
    });
  return typeNamed('boolean', schema);
}

export interface IntegerBounds {
  /** Default: -(2^53-1). */
  readonly min?: number;
  /** Default: 2^53-1. */
  readonly max?: number;
}

/** A decimal integer, or a string of one. */
export function lenientInteger(bounds: IntegerBounds = {}) {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds;
  const form = integerForm(bounds);
  const schema = z.union([z.number(), z.string(), z.bigint()], { error: form }).transform((value, context): number => {
    const number = typeof value === 'string' ? parseInteger(value) : Number(value);
    if (number !== undefined && Number.isInteger(number) && number >= min && number <= max) return number;
    context.addIssue({ code: 'custom', message: form });
    return z.NEVER;
  });
  return typeNamed('integer', schema);
}

/** An integer within bounds; the decoder also accepts it as a string. Unlike `lenientInteger` it can take `.default(0)`. */
export function boundedInteger(bounds: IntegerBounds = {}) {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds;
  return z
    .int({ error: integerForm(bounds) })
    .min(min)
    .max(max);
}

function integerForm({ min, max }: IntegerBounds): string {
  if (min !== undefined && max !== undefined) return `must be a whole number from ${min} to ${max}`;
  if (min !== undefined) return `must be a whole number of at least ${min}`;
  if (max !== undefined) return `must be a whole number of at most ${max}`;
  return 'must be a whole number';
}

function parseInteger(text: string): number | undefined {
  return /^[+-]?\d{1,20}$/.test(text) ? Number(text) : undefined;
}
