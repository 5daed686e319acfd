// Connections to servers: the static default and, with other defaults and more keys, `http.serversTransports.<name>`.

import { z } from 'zod';
import type { ServersTransportConfiguration } from '../model/static-configuration.ts';
import { durationSchema } from '../schema/duration.ts';
import { boundedInteger } from '../schema/scalars.ts';
import { checkTransportTls, transportTlsShape } from '../tls/transport-tls-schema.ts';

/** What the reference makes of `maxIdleConnsPerHost: 0`. */
const IDLE_CONNECTIONS_FOR_ZERO = 2;

/** Idle connections by default (http-services.md section 8). */
const IDLE_CONNECTIONS = { static: 200, named: 0 } as const;

/** The static `serversTransport`. */
export const staticTransportSchema = transportSchema('static', {}, {});

/** Those of `http.serversTransports`. */
export const namedTransportSchema = transportSchema(
  'named',
  { disableHTTP2: z.boolean().default(false).describe('Speak HTTP/1 with servers whose URL has the scheme https.') },
  {
    readIdleTimeout: durationSchema()
      .prefault('0s')
      .describe('A connection of HTTP/2 that is silent for so long is asked for a sign of life; 0: never.'),
    pingTimeout: durationSchema()
      .prefault('15s')
      .describe('How long a connection of HTTP/2 may take for that, then it is closed.'),
  },
);

function transportSchema(
  scope: 'static' | 'named',
  more: Readonly<Record<string, z.ZodType>>,
  moreTimeouts: Readonly<Record<string, z.ZodType>>,
): z.ZodType<ServersTransportConfiguration, unknown> {
  const plain = z.object({
    maxIdleConnsPerHost: boundedInteger({ min: -(2 ** 31), max: 2 ** 31 - 1 })
      .transform((value) => (value === 0 ? IDLE_CONNECTIONS_FOR_ZERO : value))
      .prefault(IDLE_CONNECTIONS[scope])
      .describe(
        'Idle connections each worker keeps per server; 0 means 2, a negative number: connections are not reused.',
      ),
    maxConnsPerServer: boundedInteger({ min: 0, max: 2 ** 31 - 1 })
      .default(0)
      .describe(
        'Connections to each server of a service at a time, over all workers, idle ones included; requests beyond wait. 0: no limit. Not part of the compatible configuration.',
      ),
    maxQueuedPerServer: boundedInteger({ min: 0, max: 2 ** 31 - 1 })
      .default(1_024)
      .describe(
        'Requests that may wait for a connection to each server, over all workers; more get 503. 0: none waits. Not part of the compatible configuration.',
      ),
    forwardingTimeouts: z
      .object({
        dialTimeout: durationSchema().prefault('30s').describe('Time to connect to a server; 0: no limit.'),
        queueTimeout: durationSchema()
          .prefault('30s')
          .describe(
            'Time a request may wait for one of maxConnsPerServer connections, then 503; 0: no limit. Not part of the compatible configuration.',
          ),
        responseHeaderTimeout: durationSchema()
          .prefault('0s')
          .describe('Time from the end of the request to the head of the response, then 504; 0: no limit.'),
        idleConnTimeout: durationSchema().prefault('90s').describe('How long an idle connection is kept; 0: for ever.'),
        ...moreTimeouts,
      })
      .prefault({}),
  });
  // The keys are those of the model; listing them by name again would only repeat it.
  const keys = { ...transportTlsShape(scope), ...more };
  const extended = plain.extend(keys) as unknown as z.ZodType<ServersTransportConfiguration>;
  return extended.superRefine(checkTransportTls);
}
