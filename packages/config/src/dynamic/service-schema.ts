// `http.services.<name>` (http-services.md sections 1 and 2). Other kinds of service are in the table of unsupported keys.

import { z } from 'zod';
import type { ServiceConfiguration } from '../model/dynamic-configuration.ts';
import { addCodedIssue } from '../schema/issue.ts';
import { boundedInteger } from '../schema/scalars.ts';
import { healthCheckSchema } from './health-check-schema.ts';
import { serverUrlSchema } from './server-url.ts';

const STRATEGIES = ['wrr', 'p2c', 'leastconn'] as const;
const NOT_YET = ['hrw', 'leasttime'];

const strategy = z
  .string()
  .transform((value, context): (typeof STRATEGIES)[number] => {
    if (value === '') return 'wrr';
    const known = STRATEGIES.find((each) => each === value);
    if (known !== undefined) return known;
    const accepted = `accepted: ${STRATEGIES.join(', ')}`;
    if (NOT_YET.includes(value)) {
      addCodedIssue(
        context,
        'CONFIG_UNSUPPORTED',
        `is ${value}, which is known, but not supported by this version yet; ${accepted}`,
      );
    } else context.addIssue({ code: 'custom', message: `is "${value.slice(0, 50)}"; ${accepted}` });
    return z.NEVER;
  })
  .prefault('wrr')
  .describe(
    'wrr: by weight in turn; p2c: the less busy of two; leastconn: the least busy (not part of the compatible configuration).',
  );

const server = z.object({
  url: serverUrlSchema,
  weight: boundedInteger({ max: 1_000_000 })
    .transform((value) => Math.max(0, value))
    .prefault(1)
    .describe('Share of the requests; 0 or less: none.'),
  preservePath: z.boolean().default(false).describe('Put the path of the URL in front of the path of the request.'),
});

const loadBalancer = z.object({
  servers: z.array(server, { error: 'must be a list of servers' }).default([]).describe('The servers.'),
  strategy,
  healthCheck: healthCheckSchema,
  passHostHeader: z.boolean().default(true).describe('Send the Host of the client; otherwise that of the server.'),
  serversTransport: z
    .string()
    .default('')
    .describe('How connections to the servers are made; empty: the static default.'),
});

export const serviceSchema = z.object({
  loadBalancer: loadBalancer.describe('Spread requests over servers.'),
}) satisfies z.ZodType<ServiceConfiguration>;
