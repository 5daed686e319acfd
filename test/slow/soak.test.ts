// Traffic for a while, through reloads without end: no request is lost, and the workers' memory does not grow.
// SOAK_SECONDS sets the length (default 60).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { everythingTo } from '../support/configurations.ts';
import { LoadClients } from '../support/load-clients.ts';
import { memoryOf } from '../support/process-view.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

const SOAK_MS = Number(process.env.SOAK_SECONDS ?? 60) * 1000;
/** Until the code is compiled and the pools are filled. */
const WARM_UP_MS = Math.min(10_000, SOAK_MS);
const RELOAD_EVERY_MS = 100;
/** Private memory of all workers may differ by this much afterwards, in kibibytes; garbage comes and goes. */
const GROWTH_MAX_KIB = 64 * 1024;

test('reloads without end lose no request, and memory does not grow', { timeout: 2 * SOAK_MS + 90_000 }, async (t) => {
  const servers = [await UpstreamProcess.start(t, 'a'), await UpstreamProcess.start(t, 'b')];
  const site = await SluiceSite.create(t, { log: { level: 'INFO', format: 'json' } });
  const urls = servers.map(({ url }) => url);
  let reloads = 0;
  const reload = () => {
    reloads++;
    const rule = `PathPrefix(\`/\`) && !Header(\`X-None\`, \`${reloads}\`)`;
    site.writeDynamic(everythingTo({ servers: urls.slice(reloads % 2), mark: `m${reloads}`, rule }));
  };
  const soak = async (length: number) => {
    const end = performance.now() + length;
    for (; performance.now() < end; await sleep(RELOAD_EVERY_MS)) reload();
  };
  reload();
  const node = await site.serve();
  const load = new LoadClients({ port: site.port, connections: 32, pauseMs: 1, timeoutMs: 30_000 });
  t.after(() => load.stop());
  await soak(WARM_UP_MS);
  const before = memoryOfWorkers(node);
  await soak(SOAK_MS);
  const growth = memoryOfWorkers(node) - before;
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(node.complaints, []);
  assert.ok(growth < GROWTH_MAX_KIB, `the workers grew by ${growth} KiB in ${reloads} reloads`);
  assert.equal(await node.stop(), 0);
  t.diagnostic(`${reloads} reloads, ${growth} KiB of growth; ${load.summary}`);
});

function memoryOfWorkers(node: SluiceNode): number {
  return node.workerPids.reduce((sum, pid) => sum + memoryOf(pid).unique, 0);
}
