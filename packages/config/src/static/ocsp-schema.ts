// `ocsp` (tls-acme.md section 9): keys, defaults and meaning. The section being there is what switches stapling on.

import { z } from 'zod';
import type { OcspConfiguration } from '../model/tls-configuration.ts';
import { mayBeEmpty } from '../schema/section.ts';

const responder = z.string().superRefine((value, context) => {
  const { protocol } = URL.parse(value) ?? { protocol: '' };
  if (protocol === 'http:' || protocol === 'https:') return;
  context.addIssue({ code: 'custom', message: 'must be the URL of a responder, http://… or https://…' });
});

export const ocspSchema = mayBeEmpty(
  z.object({
    responderOverrides: z
      .record(z.string(), responder)
      .default({})
      .describe(
        'Responders to ask in place of those that certificates name, by the URL that stands in the certificate.',
      ),
  }),
)
  .optional()
  .describe('Staples OCSP responses to certificates that name a responder.') satisfies z.ZodType<
  OcspConfiguration | undefined
>;
