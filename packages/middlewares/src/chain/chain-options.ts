// Options of `chain` (reference: HTTP middlewares §5).

import { stringListSchema } from '@sluice/config';
import { z } from 'zod';

export const chainOptions = z.object({
  middlewares: stringListSchema()
    .transform((names) => names.map((name) => name.trim()))
    .prefault([])
    .describe(
      'Names of the middlewares to run, outermost first. Without “@provider” a name means the chain’s own provider.',
    ),
});

export type ChainOptions = z.infer<typeof chainOptions>;
