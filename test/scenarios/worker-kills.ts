// Scenario: workers are killed one after the other while requests flow. A killed worker costs the requests that it had,
// and nobody else's; every new connection is served.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { type Failure, LoadClients } from '../support/load-clients.ts';
import { inFlightOf } from '../support/shared-blocks.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';
import { killWorker } from '../support/worker-kill.ts';
import { WrkLoad, wrkSummary } from '../support/wrk-load.ts';

export interface KillOptions {
  readonly kills: number;
  readonly workers: number;
  readonly connections: number;
  readonly pauseMs: number;
  /** Of wrk, which runs beside the exact load. Default: no wrk. */
  readonly wrkConnections?: number;
}

export async function workerKills(context: TestContext, options: KillOptions): Promise<void> {
  const { kills, workers, connections, pauseMs, wrkConnections = 0 } = options;
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  site.writeDynamic(everythingTo({ servers: [upstream.url] }));
  const node = await site.serve({ workers });
  const { port } = site;
  const steady = new LoadClients({ port, connections, pauseMs });
  const fresh = new LoadClients({ port, connections: 2, pauseMs, fresh: true });
  const slow = new LoadClients({ port, connections: 2, pauseMs, path: '/slow?50' });
  const loads = [steady, fresh, slow];
  context.after(() => Promise.all(loads.map((load) => load.stop())));
  const wrk = wrkConnections > 0 ? WrkLoad.start(context, port, wrkConnections) : undefined;
  let allowed = 0;
  for (let kill = 0; kill < kills; kill++) {
    await Promise.all(loads.map((load) => load.more(10)));
    allowed += await killOne(node, port, loads);
  }
  for (const load of loads) await load.more(20);
  await Promise.all(loads.map((load) => load.stop()));
  const failed = loads.reduce((sum, { failures }) => sum + failures.length, await wrkFailures(context, wrk));
  assert.ok(failed <= allowed, `${failed} failures; the killed workers had ${allowed} connections`);
  await eventually('nothing is counted as in flight', () => inFlightOf(node.pid) === 0);
  // Killed this often, a slot waits a moment before the next start.
  const expected = ['WORKER_CRASHED', 'WORKER_CRASH_LOOP'];
  const surprises = node.complaints.filter(({ code }) => !expected.includes(code ?? ''));
  assert.deepEqual(surprises, []);
  for (const load of loads) context.diagnostic(load.summary);
  context.diagnostic(`${kills} kills; killed workers had ${allowed} connections, ${failed} requests failed`);
}

/** @returns how many connections the worker had. */
async function killOne(node: SluiceNode, port: number, loads: readonly LoadClients[]): Promise<number> {
  const slots = [...node.workers.keys()];
  const slot = slots[Math.floor(Math.random() * slots.length)]!;
  const before = loads.map(({ failures }) => failures.length);
  const own = await killWorker(node, port, slot);
  await Promise.all(loads.map((load) => load.more(5)));
  const failures = loads.flatMap((load, index) => load.failures.slice(before[index]));
  assert.deepEqual(
    failures.filter((failure) => !own.has(failure.port)),
    [],
    `only connections of the worker in slot ${slot} may fail: ${[...own]}`,
  );
  assert.deepEqual(failures.filter(isRefusal), []);
  return own.size;
}

/** Requests of wrk that were cut off; everything else that may go wrong must not. */
async function wrkFailures(context: TestContext, wrk: WrkLoad | undefined): Promise<number> {
  if (wrk === undefined) return 0;
  const result = await wrk.stop();
  context.diagnostic(wrkSummary(result));
  const { connectErrors, statusErrors, timeouts, readErrors, writeErrors } = result;
  assert.deepEqual({ connectErrors, statusErrors, timeouts }, { connectErrors: 0, statusErrors: 0, timeouts: 0 });
  return readErrors + writeErrors;
}

function isRefusal({ phase, reason }: Failure): boolean {
  return phase === 'connecting' || reason === 'ECONNREFUSED' || phase === 'answered';
}
