// Options of `redirectScheme` (reference: HTTP middlewares §2).

import { z } from 'zod';

export const redirectSchemeOptions = z.object({
  scheme: z
    .string()
    .regex(/^[a-z][a-z0-9+.-]*$/i, { error: 'must be a URL scheme such as "https"' })
    .describe('Scheme to redirect to. Required.'),
  port: z
    .string()
    .regex(/^\d{0,5}$/, { error: 'must be a port number from 1 to 65535' })
    .refine((port) => port === '' || (Number(port) >= 1 && Number(port) <= 65_535), {
      error: 'must be a port number from 1 to 65535',
    })
    .default('')
    .describe('Port to redirect to; left out of the URL when empty, and for 80 with http and 443 with https.'),
  permanent: z.boolean().default(false).describe('301 and 308 instead of 302 and 307.'),
});

export type RedirectSchemeOptions = z.infer<typeof redirectSchemeOptions>;
