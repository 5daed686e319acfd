// The course of a run: scenario by scenario, round by round, every proxy in turn, the order rotated from round to round.
// A measurement that fails is reported and loses nothing else.

import { freeUdpPort } from '../../test/support/free-udp-port.ts';
import { freePort } from './lab/free-port.ts';
import type { Lab } from './lab/lab.ts';
import type { ProxyKind } from './proxies/proxy.ts';
import { RunningProxy } from './proxies/running-proxy.ts';
import { describeEnvironment, loadAverageNow } from './report/environment.ts';
import { definitionOf, type Sample } from './report/metrics.ts';
import type { RunResults, ScenarioResults } from './report/results.ts';
import type { ReportFolder } from './report/save.ts';
import { rotate } from './report/statistics.ts';
import { labelOf, type Scenario, type Subject } from './scenarios/scenario.ts';
import { UPSTREAM_PROTOCOLS } from './upstream/upstreams.ts';

/** Starting, stopping and looking, for estimates. */
const OVERHEAD_S = 4;

export interface Benchmark {
  readonly lab: Lab;
  readonly report: ReportFolder;
  readonly scenarios: readonly Scenario[];
  /** Sluice first. */
  readonly proxies: readonly ProxyKind[];
  readonly rounds: number;
  readonly say: (line: string) => void;
}

/** In seconds. */
export function estimate({ lab, scenarios, proxies, rounds }: Omit<Benchmark, 'report' | 'say'>): number {
  const { seconds, warmUpSeconds } = lab.timing;
  const each = scenarios.map(
    (scenario) => scenario.subjects(proxies).length * (scenario.loadSeconds(seconds, warmUpSeconds) + OVERHEAD_S),
  );
  return each.reduce((sum, one) => sum + one, 0) * rounds;
}

export async function runBenchmark(benchmark: Benchmark): Promise<RunResults> {
  const { lab, report, scenarios, proxies, rounds } = benchmark;
  const environment = describeEnvironment(lab, proxies, scenarios);
  const done: ScenarioResults[] = [];
  const resultsNow = (): RunResults => ({
    environment: { ...environment, loadAverage: { ...environment.loadAverage, after: loadAverageNow() } },
    ...lab.timing,
    rounds,
    scenarios: done,
  });
  report.saveConfiguration(['upstream'], { 'nginx.conf': lab.upstreams.configuration }, [lab.folder]);
  for (const scenario of scenarios) {
    done.push(await runScenario(benchmark, scenario));
    report.save(resultsNow());
  }
  return resultsNow();
}

interface Seat {
  readonly subject: Subject;
  readonly samples: Sample[];
  readonly failures: string[];
}

async function runScenario(benchmark: Benchmark, scenario: Scenario): Promise<ScenarioResults> {
  const { proxies, rounds, say } = benchmark;
  const seats = scenario.subjects(proxies).map((subject): Seat => ({ subject, samples: [], failures: [] }));
  say(`${scenario.name}: ${scenario.summary}`);
  for (let round = 0; round < rounds; round++) {
    for (const seat of rotate(seats, round)) await measureSeat(benchmark, scenario, seat, round);
  }
  const { name, summary, metrics } = scenario;
  const subjects = seats.map(({ subject, samples, failures }) => ({
    label: labelOf(subject),
    proxy: subject.kind.name,
    variant: subject.variant,
    samples,
    failures,
  }));
  return { name, summary, metrics, subjects };
}

async function measureSeat(benchmark: Benchmark, scenario: Scenario, seat: Seat, round: number): Promise<void> {
  const label = labelOf(seat.subject);
  try {
    const sample = await measureOnce(benchmark, scenario, seat.subject, round);
    seat.samples.push(sample);
    benchmark.say(`  ${round + 1}  ${label}: ${describe(scenario, sample)}`);
  } catch (error) {
    if (benchmark.lab.isClosing) throw error;
    const sentence = (error as Error).message;
    seat.failures.push(sentence);
    benchmark.say(`  ${round + 1}  ${label}: FAILED: ${sentence}`);
  }
}

async function measureOnce(
  { lab, report }: Benchmark,
  scenario: Scenario,
  subject: Subject,
  round: number,
): Promise<Sample> {
  const label = labelOf(subject);
  const folder = lab.makeFolder(scenario.name, `${round}-${label.replace(/\W+/g, '-')}`);
  const upstreamPort = lab.upstreams.ports.get(scenario.upstream)!;
  const site = {
    ...subject.site,
    folder,
    port: subject.kind.isAbsent === true ? upstreamPort : await freeUdpPort(),
    adminPort: await freePort(),
    upstreamPort,
    upstreamProtocol: UPSTREAM_PROTOCOLS[scenario.upstream],
    credentials: lab.credentials,
  };
  const { cores, openFiles, processes } = lab;
  const its = subject.cores === 'one' ? cores.proxy : cores.two;
  const proxy = await RunningProxy.start(processes, { kind: subject.kind, site, cores: its, openFiles });
  try {
    if (round === 0) report.saveConfiguration([scenario.name, label], proxy.plan.files, [folder, lab.folder]);
    return await scenario.measure({ lab, proxy, subject, folder });
  } finally {
    await proxy.stop();
  }
}

function describe({ metrics }: Scenario, sample: Sample): string {
  return metrics
    .flatMap((metric) => {
      const value = sample[metric];
      return value === undefined ? [] : [`${definitionOf(metric).title} ${definitionOf(metric).format(value)}`];
    })
    .join(', ');
}
