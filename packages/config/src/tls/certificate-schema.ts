// `tls.certificates[]` and `tls.stores.<name>` (tls-acme.md section 1). Nothing is read here.

import { z } from 'zod';
import type { CertificateConfiguration, TlsStoreConfiguration } from '../model/tls-configuration.ts';
import { stringListSchema } from '../schema/lists.ts';
import { keyPairShape } from './tls-values.ts';

/** The only store that is served. */
export const DEFAULT_STORE = 'default';
/** Belongs to the challenge of ACME over TLS. */
const RESERVED_STORE = 'acme-tls/1';

export const certificateSchema = z.object({
  ...keyPairShape(),
  stores: stringListSchema()
    .superRefine((names, context) => {
      if (names.includes(RESERVED_STORE)) {
        context.addIssue({ code: 'custom', message: `must not have "${RESERVED_STORE}", which is reserved` });
      }
    })
    .transform((names) => (names.length === 0 ? [DEFAULT_STORE] : [...new Set(names)]))
    .prefault([DEFAULT_STORE])
    .describe('Stores it is in. Only "default" is served.'),
}) satisfies z.ZodType<CertificateConfiguration>;

export const storeSchema = z.object({
  defaultCertificate: z.object(keyPairShape()).optional().describe('Shown to clients when no other certificate fits.'),
}) satisfies z.ZodType<TlsStoreConfiguration>;
