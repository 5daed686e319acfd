// Scenario: the supervisor is killed under load and another one is started on the same configuration. Workers go on
// meanwhile, hand their sockets over, and leave when their requests are done. Nobody may notice.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import { isAlive } from '../support/process-view.ts';
import { inFlightOf } from '../support/shared-blocks.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

export interface SupervisorKillOptions {
  /** `--workers` of the first supervisor and of each that follows. */
  readonly workers: readonly number[];
  readonly connections: number;
  readonly pauseMs: number;
}

export async function supervisorKills(context: TestContext, options: SupervisorKillOptions): Promise<void> {
  const { workers, connections, pauseMs } = options;
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  site.writeDynamic(everythingTo({ servers: [upstream.url] }));
  let node = await site.serve({ workers: workers[0]! });
  const { port } = site;
  const loads = [
    new LoadClients({ port, connections, pauseMs }),
    new LoadClients({ port, connections: 2, pauseMs, fresh: true }),
    new LoadClients({ port, connections: 2, pauseMs, path: '/slow?300' }),
    new LoadClients({ port, connections: 1, pauseMs, method: 'POST', body: 'x'.repeat(50_000) }),
  ];
  context.after(() => Promise.all(loads.map((load) => load.stop())));
  await Promise.all(loads.map((load) => load.more(5)));
  for (const count of workers.slice(1)) node = await replace(site, node, count, loads);
  await Promise.all(loads.map((load) => load.stop()));
  assert.deepEqual(
    loads.flatMap(({ failures }) => failures),
    [],
  );
  await eventually('nothing is counted as in flight', () => inFlightOf(node.pid) === 0);
  for (const load of loads) context.diagnostic(load.summary);
  assert.equal(await node.stop(), 0);
  assert.deepEqual(site.processes(), []);
}

async function replace(
  site: SluiceSite,
  old: SluiceNode,
  workers: number,
  loads: readonly LoadClients[],
): Promise<SluiceNode> {
  const orphans = old.workerPids;
  old.kill('SIGKILL');
  assert.equal(await old.exited, 'SIGKILL');
  await Promise.all(loads.map((load) => load.more(5)));
  assert.deepEqual(orphans.filter(isAlive), orphans);
  const node = await site.serve({ workers });
  await eventually('the earlier workers have left', () => !orphans.some(isAlive));
  await Promise.all(loads.map((load) => load.more(5)));
  assert.equal(node.workers.size, workers);
  const took = node.lines.filter(({ msg }) => msg.startsWith('took over')).length;
  assert.equal(took, orphans.length);
  assert.deepEqual(node.complaints, []);
  return node;
}
