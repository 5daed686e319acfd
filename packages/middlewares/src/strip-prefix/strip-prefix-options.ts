// Options of `stripPrefix` (reference: HTTP middlewares §2).

import { stringListSchema } from '@sluice/config';
import { z } from 'zod';
import { fieldValueProblem } from '../shared/field-text.ts';

export const stripPrefixOptions = z.object({
  prefixes: stringListSchema()
    .transform((prefixes) => prefixes.map((prefix) => prefix.trim()).filter((prefix) => prefix !== ''))
    .superRefine((prefixes, context) => {
      for (const prefix of prefixes) {
        const problem = fieldValueProblem(prefix);
        if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
      }
    })
    .prefault([])
    .describe('Prefixes of the decoded path, tried in this order; the first that fits is removed.'),
  forceSlash: z
    .boolean()
    .default(false)
    .describe('Deprecated and without effect here: what is left always starts with one slash.'),
});

export type StripPrefixOptions = z.infer<typeof stripPrefixOptions>;
