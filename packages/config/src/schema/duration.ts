// Durations as the reference writes them: Go duration strings, or a bare integer meaning seconds. Result in milliseconds.

import { z } from 'zod';
import { typeNamed } from './section.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3, // U+00B5
  μs: 1e-3, // U+03BC
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const GO_DURATION = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const GO_DURATION_PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
/** Go counts nanoseconds in a signed 64-bit integer: about 292 years. */
const DURATION_MAX_MS = 2 ** 63 / 1e6;
/** Longer text is no duration; bounds the work of the expressions above. */
const DURATION_MAX_CHARACTERS = 64;

/**
 * Milliseconds (possibly fractional), or undefined when the text is no duration. `5` is five seconds, `0` is zero.
 * @param bareMs what a number without a unit counts; default: seconds
 */
export function parseDuration(value: string | number | bigint, bareMs = 1_000): number | undefined {
  const text = typeof value === 'string' ? value.trim() : String(value);
  if (text.length > DURATION_MAX_CHARACTERS) return undefined;
  const milliseconds = /^[+-]?\d+$/.test(text) ? Number(text) * bareMs : parseUnits(text);
  if (milliseconds === undefined || Math.abs(milliseconds) > DURATION_MAX_MS) return undefined;
  return milliseconds;
}

function parseUnits(text: string): number | undefined {
  if (!GO_DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(GO_DURATION_PART)) total += Number(amount) * UNIT_MS[unit]!;
  return text.startsWith('-') ? -total : total;
}

export interface DurationBounds {
  /** Milliseconds; default 0. Use -Infinity where the reference gives negative values a meaning. */
  readonly minMs?: number;
  /** Milliseconds; default: no bound but that of Go (292 years). */
  readonly maxMs?: number;
  /** What a number without a unit counts; default `seconds`, as everywhere in the reference but in what it calls deprecated. */
  readonly bare?: 'seconds' | 'milliseconds';
}

const FORM = 'must be a duration such as "10s", "1m30s" or "300ms", or a whole number of';

/**
 * Accepts a Go duration string or an integer number of seconds; the output is milliseconds.
 * Give a default with `.prefault('30s')`: the default then reads like what people write.
 */
export function durationSchema(bounds: DurationBounds = {}) {
  const { minMs = 0, maxMs = Number.POSITIVE_INFINITY, bare = 'seconds' } = bounds;
  const form = `${FORM} ${bare}`;
  const schema = z.union([z.string(), z.number(), z.bigint()], { error: form }).transform((value, context): number => {
    const milliseconds = parseDuration(value, bare === 'seconds' ? 1_000 : 1);
    if (milliseconds === undefined) return fail(context, form);
    if (milliseconds < minMs)
      return fail(context, minMs === 0 ? 'must not be negative' : `must be at least ${minMs}ms`);
    if (milliseconds > maxMs) return fail(context, `must be at most ${maxMs}ms`);
    return milliseconds;
  });
  return typeNamed('duration', schema);
}

function fail(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
