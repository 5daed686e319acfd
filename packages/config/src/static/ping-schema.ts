// `ping` (observability.md section 7.1): keys, defaults and meaning.

import { z } from 'zod';
import type { PingConfiguration } from '../model/metrics-configuration.ts';
import { boundedInteger } from '../schema/scalars.ts';
import { mayBeEmpty } from '../schema/section.ts';

export const pingSchema = mayBeEmpty(
  z.object({
    entryPoint: z
      .string()
      .min(1)
      .default('traefik')
      .describe('Entry point of `/ping`. One named "traefik" is made at ":8080" when there is none.'),
    manualRouting: z
      .boolean()
      .default(false)
      .describe('Make no router for it; a router of your own leads to `ping@internal`.'),
    terminatingStatusCode: boundedInteger({ min: 200, max: 599 })
      .default(503)
      .describe('Status of the answer once the process has been told to stop.'),
  }),
)
  .optional()
  .describe('Answers 200 as long as the process serves.') satisfies z.ZodType<PingConfiguration | undefined>;
