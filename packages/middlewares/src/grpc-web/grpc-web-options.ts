// Options of `grpcWeb` (reference: HTTP middlewares §5).

import { mayBeEmpty, stringListSchema } from '@sluice/config';
import { z } from 'zod';

export const grpcWebOptions = mayBeEmpty(
  z.object({
    allowOrigins: stringListSchema()
      .prefault([])
      .describe(
        'Origins whose pages may call, as browsers send them: https://example.com. * stands for all. Default: none.',
      ),
  }),
);

export type GrpcWebOptions = z.infer<typeof grpcWebOptions>;
