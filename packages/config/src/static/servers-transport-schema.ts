// Connections to servers: the static default and, with other defaults, `http.serversTransports.<name>`.

import { z } from 'zod';
import { durationSchema } from '../schema/duration.ts';
import { boundedInteger } from '../schema/scalars.ts';

/** What the reference makes of `maxIdleConnsPerHost: 0`. */
const IDLE_CONNECTIONS_FOR_ZERO = 2;

/** @param maxIdleConnsPerHost default: 200 for the static transport, 0 for named ones (http-services.md section 8) */
export function serversTransportSchema(maxIdleConnsPerHost: number) {
  return z.object({
    maxIdleConnsPerHost: boundedInteger({ min: -(2 ** 31), max: 2 ** 31 - 1 })
      .transform((value) => (value === 0 ? IDLE_CONNECTIONS_FOR_ZERO : value))
      .prefault(maxIdleConnsPerHost)
      .describe(
        'Idle connections each worker keeps per server; 0 means 2, a negative number: connections are not reused.',
      ),
    forwardingTimeouts: z
      .object({
        dialTimeout: durationSchema().prefault('30s').describe('Time to connect to a server; 0: no limit.'),
        responseHeaderTimeout: durationSchema()
          .prefault('0s')
          .describe('Time from the end of the request to the head of the response, then 504; 0: no limit.'),
        idleConnTimeout: durationSchema().prefault('90s').describe('How long an idle connection is kept; 0: for ever.'),
      })
      .prefault({}),
  });
}
