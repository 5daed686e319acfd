// Options of `addPrefix` (reference: HTTP middlewares §2).

import { z } from 'zod';

export const addPrefixOptions = z.object({
  prefix: z
    .string()
    .min(1, { error: 'must not be empty' })
    .describe('Put in front of the path, in decoded form; a leading slash is added when it is missing. Required.'),
});

export type AddPrefixOptions = z.infer<typeof addPrefixOptions>;
