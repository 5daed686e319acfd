// Every number the benchmark can report: its name in JSON, its title, how it is written, and which way is better.

import type { Better } from './statistics.ts';

export interface MetricDefinition {
  readonly title: string;
  /** Undefined: neither is; it only explains the others. */
  readonly better?: Better;
  readonly format: (value: number) => string;
}

const KIB = 1024;
const MIB = 1024 * KIB;

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const whole = (value: number) => grouped.format(value);
const decimals = (digits: number) => (value: number) => value.toFixed(digits);
const milliseconds = (value: number) => `${(value / 1000).toFixed(value < 10_000 ? 2 : 1)} ms`;
const megabytes = (value: number) => `${(value / MIB).toFixed(1)} MiB`;
const share = (value: number) => `${(value * 100).toFixed(0)} %`;

export const METRICS = {
  requestsPerSecond: { title: 'requests/s', better: 'higher', format: whole },
  cpuUsPerRequest: { title: 'CPU µs/request', better: 'lower', format: (value) => value.toFixed(value < 100 ? 1 : 0) },
  handshakesPerSecond: { title: 'handshakes/s', better: 'higher', format: whole },
  cpuUsPerHandshake: { title: 'CPU µs/handshake', better: 'lower', format: whole },
  exchangesPerSecond: { title: 'exchanges/s', better: 'higher', format: whole },
  cpuUsPerExchange: { title: 'CPU µs/exchange', better: 'lower', format: decimals(2) },
  connectionsPerSecond: { title: 'connections/s', better: 'higher', format: whole },
  cpuUsPerConnection: { title: 'CPU µs/connection', better: 'lower', format: decimals(1) },
  datagramsPerSecond: { title: 'datagrams/s', better: 'higher', format: whole },
  cpuUsPerDatagram: { title: 'CPU µs/datagram', better: 'lower', format: decimals(2) },
  lostDatagrams: { title: 'lost', better: 'lower', format: whole },
  transactionsPerSecond: { title: 'transactions/s', better: 'higher', format: whole },
  cpuUsPerTransaction: { title: 'CPU µs/transaction', better: 'lower', format: decimals(1) },
  resumedShare: { title: 'resumed', format: share },
  gibPerSecond: { title: 'GiB/s', better: 'higher', format: decimals(2) },
  cpuSecondsPerGib: { title: 'CPU s/GiB', better: 'lower', format: decimals(3) },
  coreShare: { title: 'core busy', format: share },
  p50Us: { title: 'p50', better: 'lower', format: milliseconds },
  p99Us: { title: 'p99', better: 'lower', format: milliseconds },
  p999Us: { title: 'p99.9', better: 'lower', format: milliseconds },
  meanUs: { title: 'mean', better: 'lower', format: milliseconds },
  maxUs: { title: 'max', better: 'lower', format: milliseconds },
  pssBytes: { title: 'memory (PSS)', better: 'lower', format: megabytes },
  rssBytes: { title: 'RSS', better: 'lower', format: megabytes },
  errors: { title: 'errors', better: 'lower', format: whole },
  startMs: { title: 'start', better: 'lower', format: (value) => `${whole(value)} ms` },
  idleBytesPerConnection: { title: 'bytes/idle connection', better: 'lower', format: whole },
  idleConnections: { title: 'idle connections', format: whole },
  idleLost: { title: 'idle lost', better: 'lower', format: whole },
  restP99Us: { title: 'p99 at rest', better: 'lower', format: milliseconds },
  duringP99Us: { title: 'p99 during', better: 'lower', format: milliseconds },
  duringMaxUs: { title: 'max during', better: 'lower', format: milliseconds },
  changesPerSecond: { title: 'changes/s', better: 'higher', format: decimals(1) },
  lostRequests: { title: 'lost', better: 'lower', format: whole },
  retryableRequests: { title: 'of these unanswered', better: 'lower', format: whole },
  effectMs: { title: 'in effect after', better: 'lower', format: (value) => `${whole(value)} ms` },
  effectMaxMs: { title: 'at most', better: 'lower', format: (value) => `${whole(value)} ms` },
  repeatedReloads: { title: 'reloads repeated', better: 'lower', format: whole },
  spreadMean: { title: 'fullest worker / mean', better: 'lower', format: decimals(2) },
  spreadWorst: { title: 'at worst', better: 'lower', format: decimals(2) },
  cpuMsPerChange: { title: 'CPU ms/change', better: 'lower', format: decimals(1) },
} satisfies Record<string, MetricDefinition>;

export type Metric = keyof typeof METRICS;

export function definitionOf(metric: Metric): MetricDefinition {
  return METRICS[metric];
}

/** What one measurement gave. */
export type Sample = Readonly<Partial<Record<Metric, number>>>;
