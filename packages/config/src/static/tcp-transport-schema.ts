// Connections to TCP servers: the static `tcpServersTransport` and `tcp.serversTransports.<name>` (tcp-udp.md section 8).

import { z } from 'zod';
import type { ProxyProtocolVersion, TcpServersTransportConfiguration } from '../model/tcp-configuration.ts';
import { durationSchema } from '../schema/duration.ts';
import { mayBeEmpty } from '../schema/section.ts';
import { transportTlsShape } from '../tls/transport-tls-schema.ts';

const KEEP_ALIVE_DEFAULT_MS = 15_000;
const ANY_SIGN = { minMs: Number.NEGATIVE_INFINITY };

/** Also of services, where it is deprecated. */
export function proxyProtocolSchema() {
  return mayBeEmpty(
    z.object({
      version: z
        .int({ error: 'must be 1 or 2' })
        .min(1, { error: 'must be 1 or 2' })
        .max(2, { error: 'must be 1 or 2' })
        .transform((value) => value as ProxyProtocolVersion)
        .prefault(2)
        .describe('Version of the PROXY header: 1 or 2.'),
    }),
  )
    .optional()
    .describe('Servers are told the address of the client in a PROXY header.');
}

/** The static `tcpServersTransport`. */
export const staticTcpTransportSchema = tcpTransportSchema('static', {});

/** Those of `tcp.serversTransports`. */
export const namedTcpTransportSchema = tcpTransportSchema('tcp', { proxyProtocol: proxyProtocolSchema() });

function tcpTransportSchema(
  scope: 'static' | 'tcp',
  more: Readonly<Record<string, z.ZodType>>,
): z.ZodType<TcpServersTransportConfiguration, unknown> {
  const plain = z.object({
    dialTimeout: durationSchema().prefault('30s').describe('Time to connect to a server, TLS included; 0: no limit.'),
    dialKeepAlive: durationSchema(ANY_SIGN)
      .transform((value) => (value === 0 ? KEEP_ALIVE_DEFAULT_MS : value))
      .prefault('15s')
      .describe('Time between TCP keep-alive probes; 0 means 15s, negative: none are sent.'),
    terminationDelay: durationSchema(ANY_SIGN)
      .prefault('100ms')
      .describe('How long a connection lives on once one side has said all it had to say; negative: for ever.'),
    tls: z
      .object({ ...transportTlsShape(scope) })
      .optional()
      .describe('TLS with servers that have `tls: true`.'),
    ...more,
  });
  // The keys are those of the model; listing them by name again would only repeat it.
  return plain as unknown as z.ZodType<TcpServersTransportConfiguration>;
}
