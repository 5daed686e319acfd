// `tcp.services.<name>` (tcp-udp.md section 7) with our extensions, and `udp.services.<name>` (section 12.3). Whether services that are
// named exist, and contain no circle, is asked where references are checked.

import { z } from 'zod';
import type { TcpServiceConfiguration } from '../model/tcp-configuration.ts';
import type { UdpServiceConfiguration } from '../model/udp-configuration.ts';
import { durationSchema } from '../schema/duration.ts';
import { addCodedIssue } from '../schema/issue.ts';
import { boundedInteger } from '../schema/scalars.ts';
import { mayBeEmpty } from '../schema/section.ts';
import { serverAddressSchema } from '../schema/server-address.ts';
import { proxyProtocolSchema } from '../static/tcp-transport-schema.ts';
import { tcpHealthCheckSchema, udpHealthCheckSchema } from './stream-health-check-schema.ts';

const OURS = 'Not part of the compatible configuration.';
const INT31_MAX = 2 ** 31 - 1;

const weight = (what: string) =>
  boundedInteger({ max: 1_000_000 })
    .transform((value) => Math.max(0, value))
    .prefault(1)
    .describe(what);

const count = () => boundedInteger({ min: 0, max: INT31_MAX });

const serverWeight = () => weight(`Share of what arrives; 0 or less: nothing. ${OURS}`);

const tcpServer = z.object({
  address: serverAddressSchema,
  tls: z.boolean().default(false).describe('Connections to it are over TLS.'),
  weight: serverWeight(),
  maxConnections: count()
    .default(0)
    .describe(`Connections to it at a time, over all workers; more wait. 0: no limit. ${OURS}`),
});

/** A bare number is of milliseconds, as the reference documents it; a text has its unit. */
const terminationDelay = durationSchema({ minMs: Number.NEGATIVE_INFINITY, bare: 'milliseconds' })
  .optional()
  .describe(
    'Deprecated, use that of a servers transport: of effect only without `serversTransport`. A bare number is of milliseconds.',
  );

const retry = z
  .object({
    attempts: boundedInteger({ min: 0, max: 100 })
      .default(2)
      .describe('Further servers that are tried when one cannot be connected to.'),
    timeout: durationSchema()
      .optional()
      .describe('Time for all of them together; 0: no limit. Default: `dialTimeout` of the servers transport.'),
  })
  .prefault({})
  .describe(`What happens when a server cannot be connected to. ${OURS}`);

const tcpLoadBalancer = z.object({
  servers: z.array(tcpServer, { error: 'must be a list of servers' }).default([]).describe('The servers.'),
  strategy: z
    .enum(['wrr', 'leastconn', 'hash', 'maglev'])
    .default('wrr')
    .describe(`wrr: by weight in turn; leastconn: the least busy; hash, maglev: by the address of the client. ${OURS}`),
  serversTransport: z
    .string()
    .default('')
    .describe('How connections to the servers are made; empty: the static default.'),
  proxyProtocol: proxyProtocolSchema().describe(
    'Deprecated, use that of a servers transport: of effect only without `serversTransport`.',
  ),
  terminationDelay,
  healthCheck: tcpHealthCheckSchema,
  queueTimeout: durationSchema()
    .prefault('30s')
    .describe(
      `Time a connection may wait for a server with less than its maxConnections, then it is closed; 0: no limit. ${OURS}`,
    ),
  maxQueued: count()
    .default(1_024)
    .describe(`Connections that may wait, over all workers; more are closed. 0: none waits. ${OURS}`),
  slowStart: durationSchema()
    .prefault('0s')
    .describe(`Time in which a server that has come up gets more and more of its share; 0: all at once. ${OURS}`),
  retry,
  onServerDown: z
    .enum(['keep', 'drain', 'reset'])
    .default('keep')
    .describe(
      `Connections to a server that goes down: keep leaves them, drain ends them in the course of time, reset at once. ${OURS}`,
    ),
});

const child = z.object({
  name: z
    .string()
    .superRefine((value, context) => {
      if (value.trim() === '') addCodedIssue(context, 'CONFIG_MISSING', 'must not be empty');
    })
    .describe('A service of the same protocol.'),
  weight: weight('Share of what arrives; 0 or less: nothing.'),
});

const weighted = z
  .object({
    services: z.array(child, { error: 'must be a list of services' }).default([]).describe('The services.'),
    healthCheck: mayBeEmpty(z.object({}))
      .optional()
      .describe('Services without a healthy server are passed over. All of them must have health checks.'),
  })
  .optional()
  .describe('Spread over other services.');

const failover = z
  .object({ service: child.shape.name, fallback: child.shape.name })
  .optional()
  .describe(`\`fallback\` takes over while no server of \`service\` is healthy. ${OURS}`);

/** Exactly one kind of service. */
function checkKind(service: Readonly<Record<string, unknown>>, context: z.RefinementCtx, kinds: string): void {
  const given = Object.keys(service).filter((key) => service[key] !== undefined);
  if (given.length === 1) return;
  if (given.length === 0) addCodedIssue(context, 'CONFIG_MISSING', `needs one of ${kinds}`);
  else addCodedIssue(context, 'CONFIG_CONFLICT', `has ${given.join(' and ')}, of which there must be only one`);
}

export const tcpServiceSchema = z
  .object({
    loadBalancer: tcpLoadBalancer.optional().describe('Spread connections over servers.'),
    weighted,
    failover,
  })
  .superRefine((service, context) =>
    checkKind(service, context, 'loadBalancer, weighted, failover'),
  ) satisfies z.ZodType<TcpServiceConfiguration>;

const udpLoadBalancer = z.object({
  servers: z
    .array(z.object({ address: serverAddressSchema, weight: serverWeight() }), { error: 'must be a list of servers' })
    .default([])
    .describe('The servers.'),
  strategy: z
    .enum(['wrr', 'hash'])
    .default('wrr')
    .describe(`wrr: by weight in turn; hash: by the address of the client. ${OURS}`),
  healthCheck: udpHealthCheckSchema,
});

export const udpServiceSchema = z
  .object({ loadBalancer: udpLoadBalancer.optional().describe('Spread flows over servers.'), weighted })
  .superRefine((service, context) =>
    checkKind(service, context, 'loadBalancer, weighted'),
  ) satisfies z.ZodType<UdpServiceConfiguration>;
