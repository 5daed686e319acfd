// `http.routers.<name>` (http-routing.md section 3); its `tls` is in tls/router-tls-schema.ts.

import { z } from 'zod';
import type { RouterConfiguration } from '../model/dynamic-configuration.ts';
import { addCodedIssue } from '../schema/issue.ts';
import { stringListSchema } from '../schema/lists.ts';
import { prioritySchema } from '../schema/priority.ts';
import { routerTlsSchema } from '../tls/router-tls-schema.ts';

/** 2^63-1 less the 1000 that are reserved for routers of our own. */
export const ROUTER_PRIORITY_MAX = 2n ** 63n - 1n - 1_000n;
/** Longer rules are refused: their compilation would not be bounded. */
export const RULE_MAX_CHARACTERS = 65_536;

export const routerSchema = z.object({
  entryPoints: stringListSchema().prefault([]).describe('Entry points it listens on; empty: the default ones.'),
  rule: z
    .string()
    .max(RULE_MAX_CHARACTERS)
    .superRefine((value, context) => {
      if (value.trim() === '') addCodedIssue(context, 'CONFIG_MISSING', 'must not be empty');
    })
    .describe('Which requests it takes, for example Host(`example.com`) && PathPrefix(`/api`).'),
  priority: prioritySchema(ROUTER_PRIORITY_MAX)
    .prefault(0)
    .describe('Higher ones are tried first; 0: the length of the rule in bytes.'),
  middlewares: stringListSchema().prefault([]).describe('Middlewares in order, the first one outermost.'),
  service: z
    .string()
    .superRefine((value, context) => {
      if (value.trim() === '') addCodedIssue(context, 'CONFIG_MISSING', 'must not be empty');
    })
    .describe('Where its requests go.'),
  observability: z
    .object({
      accessLogs: z.boolean().optional().describe('Its requests get a line in the access log.'),
      metrics: z.boolean().optional().describe('Its requests are counted in metrics.'),
    })
    .optional()
    .describe('What differs from the entry point. Only of effect for signals that are switched on.'),
  tls: routerTlsSchema,
}) satisfies z.ZodType<RouterConfiguration>;
