// Priorities of routers: whole numbers of 64 bits with a sign, which is more than a number of JavaScript holds.

import { z } from 'zod';
import { typeNamed } from './section.ts';

const MIN = -(2n ** 63n);
const FORM = 'must be a whole number';

/** 0: the length of the rule. */
export function prioritySchema(max: bigint) {
  const schema = z.union([z.number(), z.bigint(), z.string()], { error: FORM }).transform((value, context): bigint => {
    const text = String(value);
    if (!/^[+-]?\d{1,20}$/.test(text)) {
      context.addIssue({ code: 'custom', message: FORM });
      return z.NEVER;
    }
    const number = BigInt(text.replace('+', ''));
    if (number > max || number < MIN) {
      context.addIssue({ code: 'custom', message: `must be at most ${max}, not ${text}` });
    }
    return number;
  });
  return typeNamed('integer', schema);
}
