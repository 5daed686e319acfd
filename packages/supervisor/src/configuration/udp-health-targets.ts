// Which servers of UDP services have to be checked for health, and how. Pure: rows have been given out before. Nothing tells by itself
// that a server of UDP is there, so a check needs a port of TCP beside it, or a question that it answers.

import type { UdpConfiguration, UdpHealthCheckConfiguration } from '@sluice/config';
import type { AnyTarget, CheckSchedule, DatagramTarget, HealthTargetServer, StreamTarget } from '@sluice/health';
import { streamServerKey } from '@sluice/routing';

/** Servers without a check count as up. @param rows of every server by `streamServerKey` */
export function udpHealthTargetsOf({ services }: UdpConfiguration, rows: ReadonlyMap<string, number>): AnyTarget[] {
  const targets: AnyTarget[] = [];
  for (const [service, { loadBalancer }] of Object.entries(services)) {
    if (loadBalancer === undefined) continue;
    const servers = loadBalancer.servers.map(({ address }) => {
      return { url: address, statusRow: rows.get(streamServerKey('udp', service, address))! };
    });
    targets.push(targetOf(service, servers, loadBalancer.healthCheck));
  }
  return targets;
}

function targetOf(
  service: string,
  servers: readonly HealthTargetServer[],
  check: UdpHealthCheckConfiguration | undefined,
): DatagramTarget | StreamTarget {
  if (check === undefined) return { kind: 'udp', service, servers };
  const { port, send, expect } = check;
  const asked = { ...scheduleOf(check), port, send, expect };
  if (check.mode === 'udp') return { kind: 'udp', service, servers, healthCheck: asked };
  const nobody = { user: '', password: '', database: '', role: 'any' } as const;
  return { kind: 'tcp', service, servers, healthCheck: { ...asked, ...nobody, mode: 'tcp' } };
}

function scheduleOf(check: UdpHealthCheckConfiguration): CheckSchedule {
  const { interval, unhealthyInterval, timeout, healthyThreshold, unhealthyThreshold, initialState } = check;
  return { interval, unhealthyInterval, timeout, healthyThreshold, unhealthyThreshold, initialState };
}
