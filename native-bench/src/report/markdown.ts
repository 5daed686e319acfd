// The report for people: what was measured on what, one table of medians and one of ratios for each scenario.
// Rendering only.

import { definitionOf, type Metric } from './metrics.ts';
import {
  counterpartOf,
  type Environment,
  failuresOf,
  type RunResults,
  type ScenarioResults,
  summaryOf,
} from './results.ts';
import { compare, spreadOf } from './statistics.ts';

/** Below so many clock ticks in a measurement, nothing can be said. */
const NOTHING = '–';

export function renderMarkdown(results: RunResults): string {
  const { environment, scenarios } = results;
  const failures = failuresOf(results);
  return `${[
    `# Side by side, ${environment.startedAt.slice(0, 10)}`,
    conditions(results),
    '## Overview',
    OVERVIEW_KEY,
    overview(scenarios),
    ...scenarios.flatMap(renderScenario),
    '## How each was configured',
    'Every configuration file is in `configurations/`, by scenario and proxy.',
    ...Object.entries(environment.choices).map(([name, choices]) => `**${name}**\n\n${bullets(choices)}`),
    ...(failures.length === 0 ? [] : ['## Failed measurements', bullets(failures)]),
  ].join('\n\n')}\n`;
}

const OVERVIEW_KEY =
  'Sluice divided by the other proxy. CPU per request, or per whatever is counted (handshakes, exchanges, connections, datagrams, transactions, GiB): below 1 Sluice needs less. ' +
  'Rate (requests/s, or those of what is counted): above 1 Sluice serves more. ' +
  '"~": the ranges of the two overlap, so the difference may be noise.';

export function renderScenario(scenario: ScenarioResults): string[] {
  const { name, summary, subjects, metrics } = scenario;
  const titles = metrics.map((metric) => definitionOf(metric).title);
  const medians = table(
    ['', ...titles],
    subjects.map((subject) => [subject.label, ...metrics.map((metric) => medianCell(subject, metric))]),
  );
  const peers = subjects.filter((subject) => counterpartOf(scenario, subject) !== undefined);
  const ratios = table(
    ['Sluice divided by', ...titles],
    peers.map((peer) => [peer.label, ...metrics.map((metric) => ratioCell(scenario, peer, metric))]),
  );
  return [`## ${name}`, `${summary}.`, medians, ...scaling(scenario), ...(peers.length === 0 ? [] : [ratios])];
}

type Subject = ScenarioResults['subjects'][number];

function medianCell(subject: Subject, metric: Metric): string {
  const summary = summaryOf(subject, metric);
  if (summary === undefined) return NOTHING;
  const text = definitionOf(metric).format(summary.median);
  const spread = Math.round(spreadOf(summary) * 100);
  return spread === 0 ? text : `${text} ±${spread} %`;
}

function ratioCell(scenario: ScenarioResults, peer: Subject, metric: Metric): string {
  if (definitionOf(metric).better === undefined) return '';
  const ours = summaryOf(counterpartOf(scenario, peer)!, metric);
  const comparison = compare(ours, summaryOf(peer, metric));
  if (comparison === undefined) return NOTHING;
  return `${comparison.isClear ? '' : '~'}${comparison.ratio.toFixed(2)}`;
}

/** Where each takes part in two variants: what the second one changes. */
function scaling(scenario: ScenarioResults): string[] {
  const variants = [...new Set(scenario.subjects.map(({ variant }) => variant))];
  const [first, second] = variants;
  if (variants.length !== 2) return [];
  const compared: readonly (readonly [string, Metric])[] = [
    ['requests/s', 'requestsPerSecond'],
    ['CPU µs/request', 'cpuUsPerRequest'],
  ];
  const parts = compared.flatMap(([title, metric]) => {
    const ratios = ratiosOfVariants(scenario, first!, second!, metric);
    return ratios.length === 0 ? [] : [`${title} ${ratios.join(', ')}`];
  });
  return parts.length === 0 ? [] : [`Each beside itself, "${second}" divided by "${first}": ${parts.join('; ')}.`];
}

function ratiosOfVariants({ subjects }: ScenarioResults, first: string, second: string, metric: Metric): string[] {
  const proxies = [...new Set(subjects.map(({ proxy }) => proxy))];
  return proxies.flatMap((name) => {
    const of = (variant: string) => subjects.find((each) => each.proxy === name && each.variant === variant);
    const [one, two] = [of(first), of(second)];
    if (one === undefined || two === undefined) return [];
    const comparison = compare(summaryOf(two, metric), summaryOf(one, metric));
    return comparison === undefined ? [] : [`${name} ${comparison.ratio.toFixed(2)}`];
  });
}

/** The number to compare first, and the rate that belongs to it. */
function comparedIn({ metrics }: ScenarioResults): readonly Metric[] | undefined {
  const pairs: readonly (readonly Metric[])[] = [
    ['cpuUsPerRequest', 'requestsPerSecond'],
    ['cpuUsPerHandshake', 'handshakesPerSecond'],
    ['cpuUsPerExchange', 'exchangesPerSecond'],
    ['cpuUsPerConnection', 'connectionsPerSecond'],
    ['cpuUsPerDatagram', 'datagramsPerSecond'],
    ['cpuUsPerTransaction', 'transactionsPerSecond'],
    ['cpuSecondsPerGib', 'gibPerSecond'],
  ];
  return pairs.find((pair) => pair.every((metric) => metrics.includes(metric)));
}

function overview(scenarios: readonly ScenarioResults[]): string {
  const columns = [...new Set(scenarios.flatMap(({ subjects }) => subjects.map(({ proxy }) => proxy)))].filter(
    (proxy) => proxy !== 'sluice',
  );
  const rows = scenarios
    .filter((scenario) => comparedIn(scenario) !== undefined)
    .map((scenario) => [
      scenario.name,
      ...columns.flatMap((column) => {
        const peer = scenario.subjects.findLast(({ proxy }) => proxy === column);
        return comparedIn(scenario)!.map((metric) =>
          peer === undefined || counterpartOf(scenario, peer) === undefined ? '' : ratioCell(scenario, peer, metric),
        );
      }),
    ]);
  return table(['', ...columns.flatMap((column) => [`${column}: CPU`, `${column}: rate`])], rows);
}

function conditions({ environment, seconds, warmUpSeconds, rounds }: RunResults): string {
  const { kernel, network, processor, cores, node, wrk, h2load, tls, proxies, loadAverage } = environment;
  const generators = h2load === undefined ? wrk : `${wrk}, ${h2load}`;
  return bullets([
    `${rounds} round(s) of ${seconds} s for each proxy, taken in turns after ${warmUpSeconds} s of warm-up; every measurement with fresh processes. Medians; "±" is half the range of the rounds.`,
    `${processor}; Linux ${kernel}; ${network}; Node ${node}; load: ${generators}; upstream: nginx, for bodies and gRPC programs of our own.`,
    ...(tls === undefined ? [] : [`TLS: ${tls}; client side: one version, suite and group offered to all.`]),
    `Cores: proxy ${cores.proxy}, load ${cores.load}, upstream ${cores.upstream}; two-workers: ${cores.two}${twoWorkersNote(environment)}.`,
    `Load average before and after: ${loadAverage.before.toFixed(2)}, ${loadAverage.after.toFixed(2)}.`,
    ...Object.values(proxies),
  ]);
}

function twoWorkersNote({ twoShare }: Environment): string {
  return twoShare ? ', shared with load and upstream' : '';
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(head), `|${rule.join('|')}|`, ...rows.map(line)].join('\n');
}

function bullets(items: readonly string[]): string {
  return items.map((item) => `- ${item.replaceAll('\n', ' ')}`).join('\n');
}
