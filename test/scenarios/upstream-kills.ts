// Scenario: one of two servers dies under load, again and again. Errors may last until the active check has seen it, not
// longer; once it is back, it gets its share again.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import { inFlightOf } from '../support/shared-blocks.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

export interface UpstreamKillOptions {
  readonly kills: number;
  readonly connections: number;
  readonly pauseMs: number;
}

const INTERVAL_MS = 1_000;
/** Of a check: nobody waits for so long, but the server that stays must not be taken for a dead one on a busy machine. */
const TIMEOUT_MS = 10_000;
/** How long no error may come after the server was taken out. */
const CALM_MS = 2_000;

export async function upstreamKills(context: TestContext, options: UpstreamKillOptions): Promise<void> {
  const { kills, connections, pauseMs } = options;
  const stays = await UpstreamProcess.start(context, 'stays');
  const falls = await UpstreamProcess.start(context, 'falls');
  const site = await SluiceSite.create(context);
  const healthCheck = { path: '/health', interval: `${INTERVAL_MS}ms`, timeout: `${TIMEOUT_MS}ms` };
  site.writeDynamic(everythingTo({ servers: [stays.url, falls.url], healthCheck }));
  const node = await site.serve();
  let lastFromFalls = 0;
  const load = new LoadClients({
    port: site.port,
    connections,
    pauseMs,
    onAnswer: ({ status, body }) => {
      if (status === 200 && body.startsWith('falls')) lastFromFalls = performance.now();
    },
  });
  context.after(() => load.stop());
  for (let kill = 0; kill < kills; kill++) {
    await eventually('the server gets requests', () => performance.now() - lastFromFalls < 100);
    await killAndRestart(context, node, falls, load);
  }
  await eventually('the server gets requests', () => performance.now() - lastFromFalls < 100);
  await load.stop();
  await eventually('nothing is counted as in flight', () => inFlightOf(node.pid) === 0);
  context.diagnostic(load.summary);
}

async function killAndRestart(
  context: TestContext,
  node: SluiceNode,
  upstream: UpstreamProcess,
  load: LoadClients,
): Promise<void> {
  const from = load.failures.length;
  const lines = node.lines.length;
  const killed = performance.now();
  await upstream.kill();
  await node.line('HEALTH_SERVER_DOWN', lines);
  const outMs = performance.now() - killed;
  await sleep(CALM_MS);
  const failures = load.failures.slice(from);
  const windowMs = Math.max(0, ...failures.map(({ sentAt }) => sentAt - killed));
  assert.ok(outMs <= INTERVAL_MS + TIMEOUT_MS, `taken out ${outMs} ms after the kill`);
  assert.ok(windowMs <= outMs, `errors for ${windowMs} ms after the kill, and it was taken out after ${outMs} ms`);
  // The clients' own connections are never the ones that suffer.
  const others = failures.filter(({ phase, reason }) => phase !== 'answered' || !reason.startsWith('status 502'));
  assert.deepEqual(others, []);
  context.diagnostic(`${failures.length} answers 502, the last ${windowMs.toFixed(0)} ms after the kill`);
  await upstream.start();
}
