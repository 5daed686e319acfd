// The metrics of TCP connections by entry point, router and service. All of them are our own: the compatible ones know only HTTP.
// Pure: turns totals into values.

import { MetricKind, TCP_BYTES_LABELS, TCP_CONNECT_FAILURE_LABELS, TCP_END_LABELS } from '@sluice/shared-state';
import type { BlockTotals, NamedTotal } from './block-totals.ts';
import type { CollectedFamily, CollectedValue, Labels } from './collected-metric.ts';
import { histogramOf } from './request-families.ts';

const CONNECT = 'sluice_tcp_service_connect_duration_seconds';

/** @param bounds upper ones of the buckets */
export function tcpFamilies(totals: BlockTotals, bounds: readonly number[]): CollectedFamily[] {
  return [
    named(totals, MetricKind.TCP_ENTRY_POINT_CONNECTIONS, 'entrypoint', 'end', TCP_END_LABELS, {
      name: 'sluice_tcp_entrypoint_connections_total',
      help: 'Connections that TCP routers of an entry point took and that have ended, by who or what ended them.',
    }),
    named(totals, MetricKind.TCP_ENTRY_POINT_BYTES, 'entrypoint', 'direction', TCP_BYTES_LABELS, {
      name: 'sluice_tcp_entrypoint_bytes_total',
      help: 'Bytes of these connections, received from clients and sent to them.',
    }),
    named(totals, MetricKind.TCP_ROUTER_CONNECTIONS, 'router', 'end', TCP_END_LABELS, {
      name: 'sluice_tcp_router_connections_total',
      help: 'Connections that a TCP router took and that have ended, by who or what ended them.',
    }),
    {
      name: 'sluice_tcp_router_open_connections',
      help: 'Connections of a TCP router that are open.',
      type: 'gauge',
      values: [...totals.named(MetricKind.TCP_ROUTER_OPEN_CONNECTIONS)].map((total) => ({
        value: total.value,
        labels: namesOf('router', total),
      })),
    },
    named(totals, MetricKind.TCP_ROUTER_BYTES, 'router', 'direction', TCP_BYTES_LABELS, {
      name: 'sluice_tcp_router_bytes_total',
      help: 'Bytes of the connections of a TCP router, received from clients and sent to them.',
    }),
    {
      name: CONNECT,
      help: 'How long it took to connect to servers of a TCP service, TLS included.',
      type: 'histogram',
      values: [...totals.requests(MetricKind.TCP_SERVICE_CONNECTS)].flatMap((total) =>
        histogramOf(CONNECT, total, { service: total.names[0]! }, bounds),
      ),
    },
    named(totals, MetricKind.TCP_SERVICE_CONNECT_FAILURES, 'service', 'cause', TCP_CONNECT_FAILURE_LABELS, {
      name: 'sluice_tcp_service_connect_failures_total',
      help: 'Attempts to connect to a server of a TCP service that failed.',
    }),
  ];
}

function named(
  totals: BlockTotals,
  kind: number,
  subject: string,
  label: string,
  texts: readonly string[],
  { name, help }: { readonly name: string; readonly help: string },
): CollectedFamily {
  const values = [...totals.named(kind)].map(
    (total): CollectedValue => ({
      value: total.value,
      labels: { ...namesOf(subject, total), [label]: texts[total.labels] ?? 'unknown' },
    }),
  );
  return { name, help, type: 'counter', values };
}

function namesOf(subject: string, { name, other }: NamedTotal): Labels {
  return other === undefined ? { [subject]: name } : { [subject]: name, service: other };
}
