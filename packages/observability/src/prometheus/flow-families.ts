// The metrics of UDP entry points: flows, datagrams, and why some of them went no further. All ours.
// Pure: turns totals into values; what is counted, and when, was decided before.

import { FLOW_LABELS, type FlowLabel, MetricKind } from '@sluice/shared-state';
import type { BlockTotals } from './block-totals.ts';
import type { CollectedFamily, Labels } from './collected-metric.ts';

interface FlowFamily {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly values: readonly (readonly [FlowLabel, Labels])[];
}

const reasons = (...pairs: readonly (readonly [FlowLabel, string])[]) =>
  pairs.map(([label, reason]) => [label, { reason }] as const);

const sides = (fromClients: FlowLabel, fromServers: FlowLabel) =>
  [
    [fromClients, { from: 'client' }],
    [fromServers, { from: 'server' }],
  ] as const;

const FAMILIES: readonly FlowFamily[] = [
  {
    name: 'sluice_udp_flows_opened_total',
    type: 'counter',
    help: 'UDP flows that were given to a server.',
    values: [['opened', {}]],
  },
  { name: 'sluice_udp_flows_open', type: 'gauge', help: 'UDP flows that have a server.', values: [['open', {}]] },
  {
    name: 'sluice_udp_flows_ended_total',
    type: 'counter',
    help: 'UDP flows that are over: idle too long, made room for newer ones, failed by their server, not decided in time, cut off when a worker left, or moved off a server that went down.',
    values: reasons(
      ['ended_idle', 'idle'],
      ['ended_evicted', 'evicted'],
      ['ended_server', 'server_failed'],
      ['ended_undecided', 'undecided'],
      ['ended_stopped', 'stopped'],
      ['ended_server_down', 'server_down'],
    ),
  },
  {
    name: 'sluice_udp_flows_refused_total',
    type: 'counter',
    help: 'First datagrams of UDP flows that nobody took.',
    values: reasons(
      ['refused_flows_max', 'maxConnections'],
      ['refused_client_max', 'maxConnectionsPerClient'],
      ['refused_no_server', 'no_server'],
      ['refused_draining', 'draining'],
      ['refused_hello', 'hello'],
    ),
  },
  {
    name: 'sluice_udp_flows_moved_total',
    type: 'counter',
    help: 'QUIC clients that came from another address and were known by their connection id.',
    values: [['moved', {}]],
  },
  {
    name: 'sluice_udp_servers_failed_total',
    type: 'counter',
    help: 'Servers that could not be sent to when a UDP flow was to begin.',
    values: [['servers_failed', {}]],
  },
  {
    name: 'sluice_udp_datagrams_total',
    type: 'counter',
    help: 'Datagrams received, by who sent them.',
    values: sides('datagrams_from_clients', 'datagrams_from_servers'),
  },
  {
    name: 'sluice_udp_bytes_total',
    type: 'counter',
    help: 'Bytes of datagrams received, by who sent them.',
    values: sides('bytes_from_clients', 'bytes_from_servers'),
  },
  {
    name: 'sluice_udp_datagrams_dropped_total',
    type: 'counter',
    help: 'Datagrams that were not sent on; those with a full receive buffer were not received either.',
    values: reasons(
      ['dropped_no_room', 'no_room'],
      ['dropped_undecided', 'undecided'],
      ['dropped_draining', 'draining'],
      ['dropped_queue', 'queue_full'],
      ['dropped_send', 'send_failed'],
      ['dropped_amplification', 'amplification'],
      ['dropped_receiving', 'receive_buffer_full'],
    ),
  },
];

/** Entry points that have counted something have a value for everything. */
export function flowFamilies(totals: BlockTotals): CollectedFamily[] {
  const byEntryPoint = new Map<string, number[]>();
  for (const { name, labels, value } of totals.named(MetricKind.ENTRY_POINT_FLOWS)) {
    const values = byEntryPoint.get(name) ?? new Array<number>(FLOW_LABELS.length).fill(0);
    byEntryPoint.set(name, values);
    values[labels] = value;
  }
  return FAMILIES.map(({ name, type, help, values }) => ({
    name,
    type,
    help,
    values: [...byEntryPoint].flatMap(([entrypoint, counted]) =>
      values.map(([label, labels]) => ({
        value: counted[FLOW_LABELS.indexOf(label)]!,
        labels: { entrypoint, ...labels },
      })),
    ),
  }));
}
