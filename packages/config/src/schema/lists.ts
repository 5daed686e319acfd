// Lists of strings and numbers: as a list, or as one comma-separated string whose items are trimmed.

import { z } from 'zod';
import { typeNamed } from './section.ts';

/** `a, b,c` → `['a', 'b', 'c']`; empty items are dropped. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** A list of strings, or one string with commas. Give a default with `.prefault([])`. */
export function stringListSchema() {
  const schema = z
    .union([z.array(z.string({ error: 'must be a string' })), z.string()], {
      error: 'must be a list of strings, or one string with commas',
    })
    .transform((value): string[] => (typeof value === 'string' ? splitList(value) : value));
  return typeNamed('list of strings', schema);
}

/** A list of finite numbers, or one string with commas. Give a default with `.prefault([])`. */
export function numberListSchema() {
  const form = 'must be a list of numbers';
  const schema = z
    .union([z.array(z.union([z.number(), z.string()], { error: 'must be a number' })), z.string(), z.number()], {
      error: form,
    })
    .transform((value, context): number[] => {
      const items = Array.isArray(value) ? value : splitList(String(value));
      return items.map((item) => {
        const number = typeof item === 'number' || item.trim() !== '' ? Number(item) : Number.NaN;
        if (!Number.isFinite(number)) context.addIssue({ code: 'custom', message: `${form}, not "${item}"` });
        return number;
      });
    });
  return typeNamed('list of numbers', schema);
}

/** A map from names (their spelling is kept) to strings. */
export function stringMapSchema() {
  return z.record(z.string(), z.string({ error: 'must be a string' }), { error: 'must be a map of strings' });
}
