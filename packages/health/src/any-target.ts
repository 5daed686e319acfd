// Everything that can be asked to be checked, whatever its servers speak, and the prober for each.

import { DatagramProber } from './datagram/datagram-prober.ts';
import type { DatagramTarget } from './datagram/datagram-target.ts';
import type { HealthTarget, HealthTargetServer } from './health-target.ts';
import type { Prober } from './prober.ts';
import { StreamProber } from './stream/stream-prober.ts';
import type { StreamTarget } from './stream/stream-target.ts';
import { WebProber } from './web-prober.ts';

export type AnyTarget = HealthTarget | StreamTarget | DatagramTarget;

/** Undefined: the servers are not checked. @param server one of the target's */
export function proberOf(target: AnyTarget, server: HealthTargetServer): Prober | undefined {
  if (target.healthCheck === undefined) return undefined;
  if (target.kind === 'udp') return new DatagramProber(server.url, target.healthCheck);
  if (target.kind === 'tcp') return new StreamProber(server, target.healthCheck, target.tls);
  return new WebProber(server.url, target.healthCheck, target);
}
