// The metrics of requests by entry point, router and service, with the names and labels of observability.md section 2.1.
// Pure: turns totals into values; what is counted, and what is shown at all, was decided before.

import { MetricKind, readTlsLabels } from '@sluice/shared-state';
import type { BlockTotals, NamedTotal, RequestTotal } from './block-totals.ts';
import type { CollectedFamily, CollectedValue, Labels } from './collected-metric.ts';

interface Subject {
  readonly kind: number;
  /** Its requests over TLS. */
  readonly tlsKind: number;
  /** In the names of its metrics. */
  readonly word: string;
  /** In their descriptions. */
  readonly text: string;
  /** Labels of its names, in order. */
  readonly labels: readonly string[];
}

const SUBJECTS: readonly Subject[] = [
  {
    kind: MetricKind.ENTRY_POINT_REQUESTS,
    tlsKind: MetricKind.ENTRY_POINT_TLS_REQUESTS,
    word: 'entrypoint',
    text: 'an entry point',
    labels: ['entrypoint'],
  },
  {
    kind: MetricKind.ROUTER_REQUESTS,
    tlsKind: MetricKind.ROUTER_TLS_REQUESTS,
    word: 'router',
    text: 'a router',
    labels: ['router', 'service'],
  },
  {
    kind: MetricKind.SERVICE_REQUESTS,
    tlsKind: MetricKind.SERVICE_TLS_REQUESTS,
    word: 'service',
    text: 'a service',
    labels: ['service'],
  },
];

export interface RequestFamiliesOptions {
  /** Upper bounds of the buckets. */
  readonly bounds: readonly number[];
  /** Names of the labels that show header values. */
  readonly headerLabels: readonly string[];
}

export function requestFamilies(totals: BlockTotals, options: RequestFamiliesOptions): CollectedFamily[] {
  return SUBJECTS.flatMap((subject) => {
    const found = [...totals.requests(subject.kind)].map((total) => ({ total, labels: labelsOf(subject, total) }));
    const name = `traefik_${subject.word}`;
    const each = (value: (total: RequestTotal) => number): CollectedValue[] =>
      found.map(({ total, labels }) => ({ value: value(total), labels }));
    return [
      {
        name: `${name}_requests_total`,
        help: `How many requests ${subject.text} has processed.`,
        type: 'counter',
        values: found.flatMap(({ total, labels }) => countsOf(total, labels, options.headerLabels)),
      },
      {
        name: `${name}_requests_tls_total`,
        help: `How many of them came over TLS.`,
        type: 'counter',
        values: [...totals.named(subject.tlsKind)].map((total) => tlsCount(subject, total)),
      },
      {
        name: `${name}_request_duration_seconds`,
        help: `How long ${subject.text} took for them.`,
        type: 'histogram',
        values: found.flatMap(({ total, labels }) =>
          histogramOf(`${name}_request_duration_seconds`, total, labels, options.bounds),
        ),
      },
      {
        name: `${name}_requests_bytes_total`,
        help: `Bytes of the request bodies that ${subject.text} has received.`,
        type: 'counter',
        values: each(({ requestBytes }) => requestBytes),
      },
      {
        name: `${name}_responses_bytes_total`,
        help: `Bytes of the response bodies that ${subject.text} has sent.`,
        type: 'counter',
        values: each(({ responseBytes }) => responseBytes),
      },
    ] satisfies CollectedFamily[];
  });
}

function labelsOf(subject: Subject, { labels, names }: RequestTotal): Labels {
  return { ...labels, ...Object.fromEntries(subject.labels.map((label, index) => [label, names[index]!])) };
}

function tlsCount({ labels: names }: Subject, { name, other, labels, value }: NamedTotal): CollectedValue {
  const first = { ...readTlsLabels(labels), [names[0]!]: name };
  return { value, labels: other === undefined ? first : { ...first, [names[1]!]: other } };
}

function countsOf(total: RequestTotal, labels: Labels, headerLabels: readonly string[]): CollectedValue[] {
  if (headerLabels.length === 0) return [{ value: sum(total.buckets), labels }];
  return [...total.byHeaders].map(([text, value]) => {
    const values = text.split('\n');
    return {
      value,
      labels: { ...labels, ...Object.fromEntries(headerLabels.map((label, i) => [label, values[i] ?? ''])) },
    };
  });
}

/** Cumulative, as the format wants it. */
export function histogramOf(
  name: string,
  total: RequestTotal,
  labels: Labels,
  bounds: readonly number[],
): CollectedValue[] {
  const values: CollectedValue[] = [];
  let count = 0;
  total.buckets.forEach((bucket, index) => {
    count += bucket;
    const le = index < bounds.length ? String(bounds[index]) : '+Inf';
    values.push({ metricName: `${name}_bucket`, value: count, labels: { ...labels, le } });
  });
  values.push({ metricName: `${name}_sum`, value: total.seconds, labels });
  values.push({ metricName: `${name}_count`, value: count, labels });
  return values;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
