// Which pictures a run gets: one for each of the numbers people ask for first. Choosing only; drawing is in bar-chart.ts.

import { type Bar, renderChart } from './bar-chart.ts';
import { definitionOf, type Metric } from './metrics.ts';
import { type RunResults, type ScenarioResults, summaryOf } from './results.ts';

const CHARTS: readonly { readonly file: string; readonly metric: Metric; readonly title: string }[] = [
  { file: 'cpu-per-request.svg', metric: 'cpuUsPerRequest', title: 'CPU time per request, µs (shorter is better)' },
  {
    file: 'cpu-per-handshake.svg',
    metric: 'cpuUsPerHandshake',
    title: 'CPU time per handshake, µs (shorter is better)',
  },
  { file: 'cpu-per-exchange.svg', metric: 'cpuUsPerExchange', title: 'CPU time per exchange, µs (shorter is better)' },
  {
    file: 'cpu-per-connection.svg',
    metric: 'cpuUsPerConnection',
    title: 'CPU time per new connection, µs (shorter is better)',
  },
  { file: 'cpu-per-datagram.svg', metric: 'cpuUsPerDatagram', title: 'CPU time per datagram, µs (shorter is better)' },
  {
    file: 'cpu-per-transaction.svg',
    metric: 'cpuUsPerTransaction',
    title: 'CPU time per transaction, µs (shorter is better)',
  },
  { file: 'cpu-per-gib.svg', metric: 'cpuSecondsPerGib', title: 'CPU time per GiB, s (shorter is better)' },
  { file: 'requests-per-second.svg', metric: 'requestsPerSecond', title: 'Requests per second (longer is better)' },
  {
    file: 'transactions-per-second.svg',
    metric: 'transactionsPerSecond',
    title: 'Transactions per second (longer is better)',
  },
  { file: 'latency-p99.svg', metric: 'p99Us', title: '99th percentile of latency under full load (shorter is better)' },
  { file: 'memory.svg', metric: 'pssBytes', title: 'Memory, proportional set size (shorter is better)' },
  {
    file: 'idle-connection.svg',
    metric: 'idleBytesPerConnection',
    title: 'Bytes per idle connection (shorter is better)',
  },
  {
    file: 'reload-effect.svg',
    metric: 'effectMs',
    title: 'From writing a route to its first request (shorter is better)',
  },
];

/** Text by file name; only those that have something to show. */
export function renderCharts({ scenarios }: RunResults): Record<string, string> {
  const pictures: Record<string, string> = {};
  for (const { file, metric, title } of CHARTS) {
    const groups = scenarios
      .filter(({ metrics }) => metrics.includes(metric))
      .map((scenario) => ({ title: scenario.name, bars: barsOf(scenario, metric) }))
      .filter(({ bars }) => bars.length > 0);
    if (groups.length > 0) pictures[file] = renderChart({ title, groups });
  }
  return pictures;
}

function barsOf({ subjects }: ScenarioResults, metric: Metric): Bar[] {
  return subjects.flatMap((subject) => {
    const summary = summaryOf(subject, metric);
    if (summary === undefined) return [];
    const { median, min, max } = summary;
    const text = definitionOf(metric).format(median);
    return [{ label: subject.label, value: median, min, max, text, isOurs: subject.proxy === 'sluice' }];
  });
}
