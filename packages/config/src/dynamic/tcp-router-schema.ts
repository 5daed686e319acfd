// `tcp.routers.<name>` (tcp-udp.md section 2) and `udp.routers.<name>` (section 12.2). What a rule means is checked where it is compiled.

import { z } from 'zod';
import type { TcpRouterConfiguration } from '../model/tcp-configuration.ts';
import type { UdpRouterConfiguration } from '../model/udp-configuration.ts';
import { addCodedIssue } from '../schema/issue.ts';
import { stringListSchema } from '../schema/lists.ts';
import { prioritySchema } from '../schema/priority.ts';
import { tcpRouterTlsSchema } from '../tls/router-tls-schema.ts';
import { ROUTER_PRIORITY_MAX, RULE_MAX_CHARACTERS } from './router-schema.ts';

const required = (text: string) =>
  z
    .string()
    .superRefine((value, context) => {
      if (value.trim() === '') addCodedIssue(context, 'CONFIG_MISSING', 'must not be empty');
    })
    .describe(text);

const entryPoints = (text: string) => stringListSchema().prefault([]).describe(text);

export const tcpRouterSchema = z.object({
  entryPoints: entryPoints('Entry points it listens on; empty: the default ones.'),
  rule: required('Which connections it takes, for example HostSNI(`db.example.com`). Without `tls`: HostSNI(`*`).').max(
    RULE_MAX_CHARACTERS,
  ),
  priority: prioritySchema(ROUTER_PRIORITY_MAX)
    .prefault(0)
    .describe('Higher ones are tried first; 0: the length of the rule in bytes, or -1 for HostSNI(`*`).'),
  middlewares: stringListSchema().prefault([]).describe('Middlewares in order, the first one outermost.'),
  service: required('Where its connections go.'),
  tls: tcpRouterTlsSchema,
}) satisfies z.ZodType<TcpRouterConfiguration>;

export const udpRouterSchema = z.object({
  entryPoints: entryPoints('Entry points it listens on; empty: all of UDP.'),
  rule: z
    .string()
    .max(RULE_MAX_CHARACTERS)
    .default('')
    .describe(
      'Which flows it takes: ClientIP, and HostSNI of QUIC clients; empty: all. Not part of the compatible configuration.',
    ),
  priority: prioritySchema(ROUTER_PRIORITY_MAX)
    .prefault(0)
    .describe(
      'Higher ones are tried first; 0: the length of the rule in bytes, or -1 without one. Not part of the compatible configuration.',
    ),
  service: required('Where its flows go.'),
}) satisfies z.ZodType<UdpRouterConfiguration>;
