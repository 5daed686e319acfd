// What entry points say of TCP and UDP below HTTP: `udp`, `proxyProtocol` (tcp-udp.md sections 11 and 12.1) and our own `relay`.

import { z } from 'zod';
import type { EntryPointConfiguration, EntryPointProxyProtocol } from '../model/static-configuration.ts';
import { durationSchema } from '../schema/duration.ts';
import { cidrListSchema } from '../schema/network.ts';
import { boundedInteger } from '../schema/scalars.ts';

export const entryPointUdpSchema = z
  .object({
    timeout: durationSchema({ minMs: 1 })
      .prefault('3s')
      .describe('Time without a datagram in either direction after which a flow ends.'),
    maxAmplification: boundedInteger({ min: 0, max: 1_000 })
      .default(0)
      .describe(
        'Bytes a client may be sent for each byte it has sent, until its second datagram shows that its address is its own; answers beyond are dropped. 0: no limit. Not part of the compatible configuration.',
      ),
  })
  .prefault({});

export const entryPointProxyProtocolSchema = z
  .object({
    trustedIPs: cidrListSchema().prefault([]).describe('IPs and networks of peers whose PROXY header is believed.'),
    insecure: z
      .boolean()
      .default(false)
      .describe('Believe the PROXY header of every peer; trustedIPs are not used then.'),
  })
  .superRefine(({ trustedIPs, insecure }, context) => {
    if (insecure || trustedIPs.length > 0) return;
    context.addIssue({ code: 'custom', message: 'needs "trustedIPs", or "insecure: true": it would believe nobody' });
  })
  .optional()
  .describe('Connections may begin with a PROXY header, version 1 or 2, which is taken off.') satisfies z.ZodType<
  EntryPointProxyProtocol | undefined
>;

const RELAYS = ['auto', 'copy', 'splice'] as const;
/** Why: docs/decisions/0010-no-sockmap.md. */
const NO_SOCKMAP =
  'is sockmap, which this program does not do, as it can cut off the last bytes of a connection; accepted: auto, copy, splice';

export const entryPointRelaySchema = z
  .string()
  .transform((value, context): EntryPointConfiguration['relay'] => {
    const known = RELAYS.find((each) => each === value);
    if (known !== undefined) return known;
    const message = value === 'sockmap' ? NO_SOCKMAP : `is "${value.slice(0, 50)}"; accepted: ${RELAYS.join(', ')}`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  })
  .prefault('auto')
  .describe(
    'How bytes of plain TCP connections are passed on: copy, through memory; splice, inside the kernel; auto, by how many there are. Not part of the compatible configuration.',
  );
