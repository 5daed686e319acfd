// Configuration changes while requests run: what they delay, what they lose, when they take effect, what they cost.
// Two scenarios, because they want different things: many changes of a small configuration under load, and single
// changes of a large one without load, so that processor time can be told apart.

import { setTimeout as sleep } from 'node:timers/promises';
import { runSteady } from '../load/steady.ts';
import { lostOf, type SteadyPlan } from '../load/steady-plan.ts';
import { type CpuReading, cpuBetween, readCpu } from '../measure/cpu-time.ts';
import { readMemory } from '../measure/memory.ts';
import { RouteWatch } from '../measure/route-watch.ts';
import { hostOf, numbers } from '../proxies/proxy.ts';
import type { RunningProxy } from '../proxies/running-proxy.ts';
import type { Sample } from '../report/metrics.ts';
import { summarise } from '../report/statistics.ts';
import { oneEach, type Scenario, type Trial } from './scenario.ts';

const SMALL_HOSTS = 100;
const CHANGE_INTERVAL_MS = 100;
const PROBE_INTERVAL_MS = 2;
/** 64 connections with a pause of 20 ms: about 3,000 requests a second, far below what any of them can take. */
const STEADY = { connections: 64, pauseMs: 20 };

const LARGE_HOSTS = 10_000;
/** Seldom: watching must cost little beside a change. What it costs at rest is subtracted. */
const LARGE_PROBE_INTERVAL_MS = 20;
const CHANGES_MIN = 3;
/** After a change is in effect, the remains of it (old processes, garbage) are still its cost. */
const AFTER_CHANGE_MS = 1_000;
const REST_MS = 3_000;

/** A signal that came while a proxy was busy with an earlier one may be lost: it is sent again, and that is counted. */
const REPEAT_AFTER_MS = 5_000;
/** A change that is not in effect by then has failed. */
const EFFECT_TIMEOUT_MS = 60_000;
const NOBODY = 'nobody.bench.example';

export const RELOAD_SCENARIOS: readonly Scenario[] = [
  {
    name: 'reload',
    summary: `a route is added 10 times a second to ${SMALL_HOSTS}, while about 3,000 requests/s run over 64 connections`,
    upstream: 'static',
    metrics: [
      'restP99Us',
      'duringP99Us',
      'duringMaxUs',
      'lostRequests',
      'retryableRequests',
      'changesPerSecond',
      'effectMs',
      'effectMaxMs',
      'repeatedReloads',
      'pssBytes',
    ],
    subjects: (proxies) => oneEach(proxies, { hosts: numbers(SMALL_HOSTS).map(hostOf), reloads: true }),
    measure: measureUnderLoad,
    loadSeconds: (seconds, warmUpSeconds) => 2 * seconds + warmUpSeconds + 2,
  },
  {
    name: 'reload-10000',
    summary: `a route is added to ${LARGE_HOSTS} in one file, without load: time until it works and processor time of a change`,
    upstream: 'static',
    metrics: ['cpuMsPerChange', 'effectMs', 'effectMaxMs', 'repeatedReloads', 'startMs', 'pssBytes', 'rssBytes'],
    subjects: (proxies) => oneEach(proxies, { hosts: numbers(LARGE_HOSTS).map(hostOf), reloads: true }),
    measure: measureLarge,
    loadSeconds: (seconds) => REST_MS / 1000 + changesIn(seconds) * 2,
  },
];

async function measureUnderLoad(trial: Trial): Promise<Sample> {
  const { lab, proxy } = trial;
  const { seconds, warmUpSeconds } = lab.timing;
  const plan: SteadyPlan = { ...STEADY, port: proxy.site.port, host: hostOf(0), seconds };
  await runSteady(lab, { ...plan, seconds: warmUpSeconds });
  const rest = await runSteady(lab, plan);
  const watch = new RouteWatch(proxy.site.port, PROBE_INTERVAL_MS);
  const changer = new Changer(proxy, watch);
  try {
    const running = runSteady(lab, plan);
    const startedAt = performance.now();
    const changing = changer.untilTold();
    // Thrown on below, once the load has come to its end.
    changing.catch(() => {});
    const during = await running.finally(() => changer.stop());
    const elapsedS = (performance.now() - startedAt) / 1000;
    await changing;
    await changer.settled();
    return {
      restP99Us: rest.p99Us,
      duringP99Us: during.p99Us,
      duringMaxUs: during.maxUs,
      lostRequests: lostOf(during),
      retryableRequests: during.unanswered,
      changesPerSecond: changer.changes / elapsedS,
      ...effectOf(watch),
      repeatedReloads: changer.repeated,
      ...readMemory(proxy.pid),
    };
  } finally {
    changer.stop();
    await watch.stop();
  }
}

async function measureLarge({ lab, proxy }: Trial): Promise<Sample> {
  const watch = new RouteWatch(proxy.site.port, LARGE_PROBE_INTERVAL_MS, NOBODY);
  const changer = new Changer(proxy, watch);
  try {
    // What starting left to do is not the cost of a change.
    await changer.change();
    await changer.settled();
    await sleep(AFTER_CHANGE_MS);
    const perSecondAtRest = await cpuUsPerSecond(proxy);
    const before = readCpu(proxy.pid);
    const startedAt = performance.now();
    const changes = changesIn(lab.timing.seconds);
    watch.effectsMs.length = 0;
    changer.repeated = 0;
    for (let i = 0; i < changes; i++) {
      await changer.change();
      await changer.settled();
      await sleep(AFTER_CHANGE_MS);
    }
    const spentUs = used(proxy, before) - perSecondAtRest * ((performance.now() - startedAt) / 1000);
    return {
      cpuMsPerChange: spentUs / 1000 / changes,
      ...effectOf(watch),
      repeatedReloads: changer.repeated,
      startMs: proxy.startMs,
      ...readMemory(proxy.pid),
    };
  } finally {
    await watch.stop();
  }
}

function changesIn(seconds: number): number {
  return Math.max(CHANGES_MIN, Math.floor(seconds / 2));
}

function effectOf({ effectsMs }: RouteWatch): Sample {
  const { median, max } = summarise(effectsMs);
  return { effectMs: median, effectMaxMs: max };
}

async function cpuUsPerSecond(proxy: RunningProxy): Promise<number> {
  const before = readCpu(proxy.pid);
  await sleep(REST_MS);
  return (used(proxy, before) / REST_MS) * 1000;
}

function used(proxy: RunningProxy, before: CpuReading): number {
  return cpuBetween(before, readCpu(proxy.pid)).microseconds;
}

/** Adds one route after the other; none is ever taken away, so that every one can be waited for. */
class Changer {
  changes = 0;
  /** Times the proxy had to be told again. */
  repeated = 0;
  private readonly proxy: RunningProxy;
  private readonly watch: RouteWatch;
  private readonly hosts: string[];
  private running = true;

  constructor(proxy: RunningProxy, watch: RouteWatch) {
    this.proxy = proxy;
    this.watch = watch;
    this.hosts = [...proxy.site.hosts];
  }

  async change(): Promise<void> {
    const host = hostOf(this.hosts.length);
    this.hosts.push(host);
    const apply = this.proxy.prepare(this.hosts);
    this.watch.expect(host);
    await apply();
    this.changes++;
  }

  /** Every 100 ms, or as often as the proxy takes them when it makes the asker wait. */
  async untilTold(): Promise<void> {
    for (let next = performance.now(); this.running; next += CHANGE_INTERVAL_MS) {
      await this.change();
      await sleep(Math.max(0, next + CHANGE_INTERVAL_MS - performance.now()));
    }
  }

  /** Waits until every route works. @throws Error when one does not in time. */
  async settled(): Promise<void> {
    for (let waitedMs = 0; waitedMs < EFFECT_TIMEOUT_MS; waitedMs += REPEAT_AFTER_MS) {
      if ((await this.watch.settled(REPEAT_AFTER_MS)) === 0) return;
      if (this.proxy.repeatReload()) this.repeated++;
    }
    throw new Error(`a change is not in effect after ${EFFECT_TIMEOUT_MS} ms`);
  }

  stop(): void {
    this.running = false;
  }
}
