// `http.services.<name>.loadBalancer.healthCheck` (http-services.md 4.1) with our thresholds and initial state.
// Says what is accepted; intervals that the reference replaces instead of refusing are replaced in decode-service.ts.

import { z } from 'zod';
import { durationSchema } from '../schema/duration.ts';
import { stringMapSchema } from '../schema/lists.ts';
import { boundedInteger } from '../schema/scalars.ts';
import { mayBeEmpty } from '../schema/section.ts';
import { SERVER_SCHEMES } from './server-url.ts';

/** What replaces an interval or timeout that is not positive; the reference logs an error and goes on with these. */
export const HEALTH_CHECK_FALLBACK = { interval: '30s', unhealthyInterval: '30s', timeout: '5s' } as const;

/** Any sign: what is not positive is replaced with a warning by the caller, not refused. */
const anyDuration = () => durationSchema({ minMs: Number.NEGATIVE_INFINITY });

const threshold = () => boundedInteger({ min: 1, max: 1_000_000 }).default(1);

const mode = z
  .string()
  .transform((value, context): 'http' | 'grpc' => {
    const lower = value.toLowerCase();
    if (lower === 'grpc') return 'grpc';
    if (lower !== '' && lower !== 'http') {
      context.addIssue({ code: 'custom', message: `must be http or grpc, not "${value}"` });
    }
    return 'http';
  })
  .prefault('http')
  .describe(
    'Kind of check: http or grpc. The latter asks grpc.health.v1.Health for the server as a whole; path, method, headers, hostname, status and followRedirects have no effect then.',
  );

const scheme = z
  .string()
  .superRefine((value, context) => {
    if (value === '' || SERVER_SCHEMES.includes(value.toLowerCase())) return;
    const message = `must be one of ${SERVER_SCHEMES.join(', ')}, not "${value.slice(0, 100)}"`;
    context.addIssue({ code: 'custom', message });
  })
  .default('')
  .describe('Scheme of the check; empty: that of the server.');

const path = z
  .string()
  .superRefine((value, context) => {
    if (/^[A-Za-z][A-Za-z0-9+.-]*:|^\/\//.test(value)) {
      context.addIssue({ code: 'custom', message: 'must be a path without scheme and host' });
    } else if (/[\s\u0000-\u001f\u007f]/.test(value)) {
      context.addIssue({ code: 'custom', message: 'must not contain spaces or control characters' });
    }
  })
  .default('')
  .describe('Path to ask for, resolved against the URL of the server; may have a query.');

const headerText = /^[^\u0000-\u0008\u000a-\u001f\u007f]*$/;

const headers = stringMapSchema()
  .superRefine((value, context) => {
    for (const [name, content] of Object.entries(value)) {
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
        context.addIssue({ code: 'custom', path: [name], message: 'is not a header name' });
      } else if (!headerText.test(content)) {
        context.addIssue({ code: 'custom', path: [name], message: 'must not contain control characters' });
      }
    }
  })
  .prefault({})
  .describe('Headers of the check.');

const fields = z.object({
  path,
  mode,
  scheme,
  port: boundedInteger({ min: 0, max: 65_535 }).default(0).describe('Port of the check; 0: that of the server.'),
  hostname: z
    .string()
    .regex(/^[^\s/]*$/, { error: 'must be a host name' })
    .default('')
    .describe('Value of the Host header.'),
  method: z
    .string()
    .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]*$/, { error: 'must be an HTTP method' })
    .transform((value) => (value === '' ? 'GET' : value))
    .prefault('GET')
    .describe('Method of the check.'),
  headers,
  status: boundedInteger()
    .superRefine((value, context) => {
      if (value === 0 || (value >= 100 && value <= 599)) return;
      context.addIssue({ code: 'custom', message: 'must be 0 or a status from 100 to 599' });
    })
    .default(0)
    .describe('The one status that is healthy; 0: any from 200 to 399.'),
  followRedirects: z.boolean().default(true).describe('Follow redirects, up to ten, and judge the last answer.'),
  interval: anyDuration()
    .prefault(HEALTH_CHECK_FALLBACK.interval)
    .describe('Time between checks of a server that is up.'),
  unhealthyInterval: anyDuration()
    .optional()
    .describe('Time between checks of a server that is down. Default: `interval`.'),
  timeout: anyDuration().prefault(HEALTH_CHECK_FALLBACK.timeout).describe('Time one check may take.'),
  healthyThreshold: threshold().describe(
    'Successes in a row that bring a server up. Not part of the compatible configuration.',
  ),
  unhealthyThreshold: threshold().describe(
    'Failures in a row that take a server down. Not part of the compatible configuration.',
  ),
  initialState: z
    .enum(['up', 'unknown'])
    .default('up')
    .describe(
      '"unknown": a server gets no request before its first check passed. Not part of the compatible configuration.',
    ),
});

export const healthCheckSchema = mayBeEmpty(fields)
  .transform((value) => ({ ...value, unhealthyInterval: value.unhealthyInterval ?? value.interval }))
  .optional()
  .describe('Active checks of the servers.');
