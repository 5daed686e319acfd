// Options of `replacePath` (reference: HTTP middlewares §2).

import { unescapePath } from '@sluice/protocols';
import { z } from 'zod';

export const replacePathOptions = z.object({
  path: z
    .string()
    .refine((path) => unescapePath(path) !== undefined, { error: 'has a % without two hexadecimal digits behind it' })
    .default('')
    .describe('The new path, escaped where it needs to be; a leading slash is added when it is missing.'),
});

export type ReplacePathOptions = z.infer<typeof replacePathOptions>;
