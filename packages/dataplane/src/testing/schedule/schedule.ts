// A random schedule: many client connections with exchanges of every kind, servers and clients that fail, reloads in
// between. Afterwards nothing may be left, nothing may have gone to the wrong place, and every answer must be the planned one.

import { setTimeout as delay } from 'node:timers/promises';
import { type BodyTransform, type Exchange, type Middleware, Verdict } from '@sluice/middlewares';
import { probes } from '../probe-middleware.ts';
import { type ProxyUnderTest, startProxy } from '../proxy-under-test.ts';
import { type ExchangePlan, randomPlan } from './exchange-plan.ts';
import { RandomSource } from './random-source.ts';
import { ScriptedClient } from './scripted-client.ts';
import { ScriptedOrigin } from './scripted-origin.ts';

export interface ScheduleResult {
  readonly violations: readonly string[];
  readonly exchanges: number;
  readonly completed: number;
  readonly refusals: number;
  readonly reloads: number;
}

const RELOAD_MS = 15;

/** Runs `connections` client connections, at most `concurrent` at a time, with everything derived from the seed but time. */
export async function runSchedule(seed: number, connections: number, concurrent: number): Promise<ScheduleResult> {
  const random = new RandomSource(seed);
  const plans = new Map<number, ExchangePlan>();
  const origin = await ScriptedOrigin.start(plans);
  const proxy = await startProxy(() => {}, {
    ...probes(middlewaresFor(random)),
    dynamic: configuration(origin.url, []),
    transport: { maxIdleConnsPerHost: random.pick([-1, 1, 2, 5]), maxConnsPerServer: random.pick([0, 0, 2, 5]) },
  });
  const clients: ScriptedClient[] = [];
  const reloader = new Reloader(proxy, origin.url, random);
  let left = connections;
  const runOne = async () => {
    while (left-- > 0) {
      const client = await ScriptedClient.open(proxy.port, new RandomSource(random.whole(0, 2 ** 31)), origin.arrivals);
      clients.push(client);
      const mine = Array.from({ length: random.whole(1, 8) }, () => randomPlan(random, plans.size));
      const numbered = mine.map((plan) => ({ ...plan, id: plans.size + mine.indexOf(plan) }));
      for (const plan of numbered) plans.set(plan.id, plan);
      await client.run(numbered, random.chance(0.3));
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrent }, runOne));
    await reloader.stop();
    const left = await leftOvers(proxy, reloader.count);
    const violations = [...clients.flatMap((client) => client.violations), ...origin.violations, ...left];
    return {
      violations,
      exchanges: plans.size,
      completed: clients.reduce((sum, { completed }) => sum + completed, 0),
      refusals: clients.reduce((sum, { refusals }) => sum + refusals.size, 0),
      reloads: reloader.count,
    };
  } finally {
    await reloader.stop();
    await proxy.close();
    await origin.close();
  }
}

class Reloader {
  count = 0;
  private running = true;
  private readonly done: Promise<void>;

  constructor(proxy: ProxyUnderTest, url: string, random: RandomSource) {
    this.done = this.run(proxy, url, random);
  }

  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }

  private async run(proxy: ProxyUnderTest, url: string, random: RandomSource): Promise<void> {
    while (this.running) {
      await delay(random.whole(1, 2 * RELOAD_MS));
      proxy.install(configuration(url, random.chance(0.5) ? [] : ['waits', 'changes', 'sees']));
      this.count++;
    }
  }
}

/** What is there although nobody is connected any more. */
async function leftOvers(proxy: ProxyUnderTest, reloads: number): Promise<string[]> {
  const found: string[] = [];
  try {
    await proxy.untilQuiet();
  } catch (error) {
    found.push(String(error));
  }
  const { dataplane, released, faults } = proxy;
  await waitFor(() => dataplane.connectionCount <= 5);
  if (dataplane.connectionCount > 5) found.push(`${dataplane.connectionCount} connections are left`);
  await waitFor(() => dataplane.bufferedBytes === 0);
  if (dataplane.bufferedBytes !== 0) found.push(`${dataplane.bufferedBytes} bytes are counted as kept`);
  const waiting = proxy.limits.serverQueues.sum(0);
  if (waiting !== 0) found.push(`${waiting} requests are counted as waiting for a connection`);
  if (released.length !== reloads) found.push(`${released.length} of ${reloads} old revisions were released`);
  if (new Set(released).size !== released.length) found.push('a revision was released twice');
  if (dataplane.refusedCommands > 0) found.push(`the transport refused ${dataplane.refusedCommands} commands`);
  return [...found, ...faults.splice(0).map((line) => `logged: ${line}`)];
}

async function waitFor(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 300 && !condition(); i++) await delay(10);
}

function configuration(url: string, middlewares: readonly string[]): string {
  const definitions = middlewares.map((name) => `    ${name}: { ${name}: { prefix: /unused } }\n`).join('');
  return `
http:
  routers: { all: { rule: "PathPrefix(\`/id/\`)", service: app, middlewares: [${middlewares.join(', ')}] } }
${definitions === '' ? '' : `  middlewares:\n${definitions}`}
  services: { app: { loadBalancer: { servers: [{ url: "${url}" }] } } }`;
}

/** One that waits now and then in every way it may, one that passes bodies through its hands, one that only looks. */
function middlewaresFor(random: RandomSource): Record<string, Middleware> {
  const waits: Middleware = {
    onRequest(exchange: Exchange) {
      const how = random.whole(0, 5);
      if (how > 3) return Verdict.NEXT;
      const resume = () => exchange.resume();
      if (how === 0) resume();
      else if (how === 1) queueMicrotask(resume);
      else if (how === 2) setImmediate(resume);
      else setTimeout(resume, random.whole(0, 5));
      return Verdict.SUSPENDED;
    },
  };
  const changes: Middleware = {
    requestBody: () => (random.chance(0.5) ? undefined : through(random)),
    responseBody: () => (random.chance(0.5) ? undefined : through(random)),
  };
  const sees: Middleware = {
    onResponse({ request, response }) {
      const id = response.get('x-id');
      if (id !== undefined && request.path !== `/id/${id}`) throw new Error(`${request.path} sees the answer to ${id}`);
      response.set('X-Seen', '1');
    },
  };
  return { waits, changes, sees };
}

/** Passes bytes on at once, later, or all at the end. */
function through(random: RandomSource): BodyTransform {
  const held: Buffer[] = [];
  const holds = random.next();
  return {
    push(chunk, last) {
      held.push(Buffer.from(chunk));
      return last || random.chance(holds) ? Buffer.concat(held.splice(0)) : undefined;
    },
  };
}
