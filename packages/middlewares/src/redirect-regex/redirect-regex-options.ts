// Options of `redirectRegex` (reference: HTTP middlewares §2).

import { compileRe2 } from '@sluice/routing';
import { z } from 'zod';

export const redirectRegexOptions = z.object({
  regex: z
    .string()
    .min(1, { error: 'must not be empty' })
    .superRefine((regex, context) => {
      try {
        compileRe2(regex);
      } catch (error) {
        context.addIssue({ code: 'custom', message: `is no RE2 expression: ${(error as Error).message}` });
      }
    })
    .describe('RE2 expression, searched in scheme://host[:port]/path?query. Required.'),
  replacement: z
    .string()
    .default('')
    .describe(
      'Takes the place of every match. Groups are named with a dollar sign and their number or name, in braces if need be; $$ is a dollar sign.',
    ),
  permanent: z.boolean().default(false).describe('301 and 308 instead of 302 and 307.'),
});

export type RedirectRegexOptions = z.infer<typeof redirectRegexOptions>;
