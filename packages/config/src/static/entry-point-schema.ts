// `entryPoints.<name>` (static-config.md section 2): keys, defaults and meaning. What two entry points have to do with each
// other is in check-static.ts, keys that are not supported yet in unsupported-static.ts.

import { z } from 'zod';
import type { EntryPointConfiguration } from '../model/static-configuration.ts';
import { durationSchema } from '../schema/duration.ts';
import { stringListSchema } from '../schema/lists.ts';
import { cidrListSchema, parseEntryPointAddress } from '../schema/network.ts';
import { boundedInteger } from '../schema/scalars.ts';
import { entryPointTlsSchema } from '../tls/router-tls-schema.ts';
import { entryPointHttp2Schema } from './entry-point-http2-schema.ts';
import { entryPointLimitsSchema } from './entry-point-limits-schema.ts';
import {
  entryPointProxyProtocolSchema,
  entryPointRelaySchema,
  entryPointUdpSchema,
} from './entry-point-stream-schema.ts';
import { redirectionsSchema } from './redirection-schema.ts';

const flag = (standard: boolean, text: string) => z.boolean().default(standard).describe(text);
const count = () => boundedInteger({ min: 0, max: 2 ** 31 - 1 });

const address = z
  .string()
  .superRefine((value, context) => {
    const parsed = parseEntryPointAddress(value);
    if (typeof parsed === 'string') context.addIssue({ code: 'custom', message: parsed });
  })
  .describe('Where to listen: "[host]:port[/tcp|/udp]". An empty host means all interfaces, IPv4 and IPv6.');

const transport = z
  .object({
    lifeCycle: z
      .object({
        requestAcceptGraceTimeout: durationSchema()
          .prefault('0s')
          .describe('How long a stopping process keeps accepting new connections and requests.'),
        graceTimeOut: durationSchema()
          .prefault('10s')
          .describe('After that, the time requests in flight have before their connections are closed.'),
        tunnelGraceTimeOut: durationSchema()
          .optional()
          .describe(
            'The same for upgraded connections (WebSocket) and for those of TCP routers, which end when a peer wants it; absent: as graceTimeOut. Not part of the compatible configuration.',
          ),
      })
      .prefault({}),
    respondingTimeouts: z
      .object({
        readTimeout: durationSchema()
          .prefault('60s')
          .describe('Time to receive a whole request with its body; 0: no limit.'),
        readHeaderTimeout: durationSchema()
          .prefault('0s')
          .describe(
            'Time to receive the head of a request; 0: as readTimeout. Not part of the compatible configuration.',
          ),
        writeTimeout: durationSchema()
          .prefault('0s')
          .describe('Time from the end of the request head to the end of the response; 0: no limit.'),
        idleTimeout: durationSchema()
          .prefault('180s')
          .describe('Time a kept-alive connection may be idle; 0: no limit.'),
      })
      .prefault({}),
    keepAliveMaxTime: durationSchema()
      .prefault('0s')
      .describe('Age of a connection after which its next response closes it; 0: no limit.'),
    keepAliveMaxRequests: count()
      .default(0)
      .describe('Requests on one connection after which it is closed; 0: no limit.'),
    limits: entryPointLimitsSchema,
  })
  .prefault({});

const forwardedHeaders = z
  .object({
    insecure: flag(false, 'Trust the forwarding headers of every client.'),
    trustedIPs: cidrListSchema().prefault([]).describe('IPs and networks whose forwarding headers are trusted.'),
    connection: stringListSchema()
      .prefault([])
      .describe('Header names that stay although the Connection header lists them, so that middlewares can see them.'),
    notAppendXForwardedFor: flag(false, 'Do not add the address of the peer to X-Forwarded-For.'),
    addXForwardedSchemeHeaders: flag(false, 'Also set X-Forwarded-Scheme and X-Scheme.'),
  })
  .prefault({});

const allowed = (what: string) => flag(true, `Accept ${what} in the path; otherwise the answer is 400.`);

const encodedCharacters = z
  .object({
    allowEncodedSlash: allowed('%2F'),
    allowEncodedBackSlash: allowed('%5C'),
    allowEncodedNullCharacter: allowed('%00'),
    allowEncodedSemicolon: allowed('%3B'),
    allowEncodedPercent: allowed('%25'),
    allowEncodedQuestionMark: allowed('%3F'),
    allowEncodedHash: allowed('%23'),
  })
  .optional()
  .describe('Which percent-encoded characters a path may contain. Without this section nothing is checked.');

const observability = z
  .object({
    accessLogs: flag(
      true,
      'Requests of its routers, and those without a router, get a line in the access log; so do connections of TCP routers and flows of UDP, where there are lines for them.',
    ),
    metrics: flag(
      true,
      'Requests of its routers, and those without a router, are counted in metrics; so are connections of TCP routers and flows of UDP.',
    ),
  })
  .prefault({})
  .describe('Default for the routers on it. Only of effect for signals that are switched on.');

const entryPointMiddlewares = stringListSchema()
  .superRefine((names, context) => {
    for (const name of names) {
      if (/^[^@]+@[^@]+$/.test(name)) continue;
      context.addIssue({ code: 'custom', message: `must be qualified names such as "${name.split('@')[0]}@file"` });
    }
  })
  .prefault([])
  .describe('Middlewares put in front of those of every router, as qualified names (name@provider).');

const http = z.object({
  middlewares: entryPointMiddlewares,
  encodeQuerySemicolons: flag(false, 'Replace ";" in queries by "%3B" instead of "&".'),
  sanitizePath: flag(true, 'Resolve "." and ".." segments and duplicate slashes before routing and forwarding.'),
  maxHeaderBytes: boundedInteger({ min: 1, max: 2 ** 24 })
    .default(1_048_576)
    .describe('Size limit of all request headers together; larger ones are answered with 431.'),
  maxHeaderFields: boundedInteger({ min: 1, max: 10_000 })
    .default(512)
    .describe(
      'Header fields of one request; more are answered with 431. Not part of the compatible configuration, which has no limit.',
    ),
  maxTargetBytes: boundedInteger({ min: 1, max: 2 ** 24 })
    .default(65_536)
    .describe(
      'Size limit of the request target, path and query together; longer ones are answered with 414. Not part of the compatible configuration.',
    ),
  underscoreHeadersStrategy: z
    .preprocess((value) => (value === '' ? 'keep' : value), z.enum(['keep', 'delete', 'reject']))
    .prefault('keep')
    .describe('What happens to headers with "_" in their name: forwarded, dropped, or refused with 400.'),
  encodedCharacters,
  tls: entryPointTlsSchema,
  redirections: redirectionsSchema,
});

export const entryPointSchema = z.object({
  address,
  reusePort: flag(false, 'Share the port with other processes (SO_REUSEPORT).'),
  asDefault: flag(false, 'Routers without entry points attach to the entry points marked so, instead of to all.'),
  transport,
  forwardedHeaders,
  observability,
  http2: entryPointHttp2Schema,
  udp: entryPointUdpSchema,
  proxyProtocol: entryPointProxyProtocolSchema,
  relay: entryPointRelaySchema,
  http: http.prefault({}),
}) satisfies z.ZodType<EntryPointConfiguration>;
