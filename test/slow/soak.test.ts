// Traffic for a long time, through ten reloads a second, clients that come and go, and workers that are killed: no request
// is lost but those in the hands of a killed worker, and nothing grows. SOAK_SECONDS sets the length (default 600).

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import { descriptorsOf, ownMemoryOf } from '../support/process-view.ts';
import { inFlightOf } from '../support/shared-blocks.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';
import { killWorker } from '../support/worker-kill.ts';

/**
 * The run is a row of equal rounds, each with the same kills at the same times and a sample at its end. Workers of the same
 * slot therefore have the same age in every sample: a young process has less garbage than an old one, which says nothing.
 * Slot 0 is never killed, so that it and the supervisor show what grows slowly.
 */
const ROUND_MS = 30_000;
const ROUNDS = Math.max(2, Math.round((Number(process.env.SOAK_SECONDS ?? 600) * 1_000) / ROUND_MS));
/** The first sample is taken after a minute: code is compiled and pools are filled. */
const FIRST_ROUNDS = Math.min(2, ROUNDS - 1);
const WORKERS = 3;
/** When in a round the workers of slots 1 and 2 are killed. */
const KILLS_MS = [3_000, 9_000];
const RELOAD_EVERY_MS = 100;
/** V8 gives memory back after some seconds without work, in steps; server connections close after one second. */
const SETTLE_MS = 12_000;
/** Of the whole node; what the samples may differ by. */
const GROWTH_MAX = 0.05;

interface Sample {
  /** Kibibytes by process, the supervisor first, then by slot. */
  readonly memory: readonly number[];
  readonly descriptors: readonly number[];
}

test('traffic for a long time, reloads, churn and kills lose no request and leave nothing behind', {
  timeout: ROUNDS * (ROUND_MS + 4 * SETTLE_MS) + 90_000,
}, async (t) => {
  const soak = await Soak.start(t);
  const start = await soak.settled();
  for (let round = 0; round < FIRST_ROUNDS; round++) await soak.round();
  const first = await soak.settled();
  for (let round = FIRST_ROUNDS; round < ROUNDS; round++) await soak.round();
  const last = await soak.settled();
  t.diagnostic(`memory in KiB: ${JSON.stringify({ start: start.memory, first: first.memory, last: last.memory })}`);
  t.diagnostic(soak.summary);
  const growth = sum(last.memory) / sum(first.memory) - 1;
  t.diagnostic(`growth ${(100 * growth).toFixed(2)} %, descriptors ${start.descriptors} and ${last.descriptors}`);
  assert.deepEqual(last.descriptors, start.descriptors);
  assert.ok(growth < GROWTH_MAX, `the node grew by ${(100 * growth).toFixed(1)} %`);
  await soak.stop();
});

class Soak {
  private readonly node: SluiceNode;
  private readonly site: SluiceSite;
  private readonly urls: readonly string[];
  private readonly context: TestContext;
  private loads: LoadClients[] = [];
  private reloads = 0;
  private kills = 0;
  private cutOff = 0;
  private answered = 0;
  private connections = 0;

  static async start(context: TestContext): Promise<Soak> {
    const servers = [await UpstreamProcess.start(context, 'a'), await UpstreamProcess.start(context, 'b')];
    const site = await SluiceSite.create(context, {
      log: { level: 'INFO', format: 'json' },
      // So that no connection is left when the settled node is looked at.
      serversTransport: { forwardingTimeouts: { idleConnTimeout: '1s' } },
    });
    const urls = servers.map(({ url }) => url);
    site.writeDynamic(everythingTo({ servers: urls }));
    return new Soak(context, site, await site.serve({ workers: WORKERS }), urls);
  }

  private constructor(context: TestContext, site: SluiceSite, node: SluiceNode, urls: readonly string[]) {
    this.context = context;
    this.site = site;
    this.node = node;
    this.urls = urls;
    context.after(() => this.end());
  }

  /** One round of everything; requests may fail only on connections of killed workers. */
  async round(): Promise<void> {
    const began = performance.now();
    const { port } = this.site;
    this.loads = [
      new LoadClients({ port, connections: 24, pauseMs: 20, timeoutMs: 30_000 }),
      new LoadClients({ port, connections: 4, pauseMs: 20, timeoutMs: 30_000, fresh: true }),
      new LoadClients({ port, connections: 2, pauseMs: 20, timeoutMs: 30_000, path: '/slow?50' }),
      new LoadClients({
        port,
        connections: 4,
        pauseMs: 50,
        timeoutMs: 30_000,
        method: 'POST',
        body: 'x'.repeat(50_000),
      }),
    ];
    const lost = new Set<number>();
    const kills = KILLS_MS.map(async (afterMs, index) => {
      await sleep(afterMs);
      for (const own of await killWorker(this.node, port, index + 1)) lost.add(own);
      this.kills++;
    });
    // Awaited below; a failure must not be an unhandled one until then.
    const killed = Promise.all(kills);
    killed.catch(() => {});
    for (; performance.now() - began < ROUND_MS; await sleep(RELOAD_EVERY_MS)) this.reload();
    await killed;
    await this.end();
    this.count(lost);
  }

  /** After a while without traffic. */
  async settled(): Promise<Sample> {
    await sleep(SETTLE_MS);
    await eventually('nothing is in flight', () => inFlightOf(this.node.pid) === 0);
    return this.sample();
  }

  private sample(): Sample {
    const { node } = this;
    const slots = Array.from({ length: WORKERS }, (_, slot) => node.workers.get(slot)!);
    const pids = [node.pid, ...slots];
    return { memory: pids.map(ownMemoryOf), descriptors: pids.map((pid) => descriptorsOf(pid).length) };
  }

  get summary(): string {
    const { reloads, kills, answered, connections, cutOff } = this;
    return `${reloads} reloads, ${kills} kills, ${answered} answered, ${connections} connections, ${cutOff} cut off by kills`;
  }

  async stop(): Promise<void> {
    const expected = ['WORKER_CRASHED', 'WORKER_CRASH_LOOP'];
    assert.deepEqual(
      this.node.complaints.filter(({ code }) => !expected.includes(code ?? '')),
      [],
    );
    assert.equal(await this.node.stop(), 0);
  }

  private reload(): void {
    this.reloads++;
    const rule = `PathPrefix(\`/\`) && !Header(\`X-None\`, \`${this.reloads}\`)`;
    const servers = this.urls.slice(this.reloads % 2);
    this.site.writeDynamic(everythingTo({ servers, mark: `m${this.reloads}`, rule }));
  }

  private async end(): Promise<void> {
    await Promise.all(this.loads.map((load) => load.stop()));
  }

  private count(lost: ReadonlySet<number>): void {
    const failures = this.loads.flatMap((load) => load.failures);
    assert.deepEqual(
      failures.filter(({ port, phase }) => !lost.has(port) || phase === 'answered'),
      [],
      'only connections of killed workers may fail',
    );
    this.cutOff += failures.length;
    for (const load of this.loads) {
      this.answered += load.answered;
      this.connections += load.connections;
    }
    this.context.diagnostic(`memory: ${this.sample().memory}`);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
