// Scenario: clients come and go without end, in every way. Whoever asked decently is answered, others notice nothing, and
// afterwards descriptors, counts and memory are what they were.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ChurnClients } from '../support/churn-clients.ts';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import { descriptorsOf, memoryOf } from '../support/process-view.ts';
import { inFlightOf, limitsOf } from '../support/shared-blocks.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

export interface ChurnScenario {
  readonly connections: number;
  /** Before anything is measured: code gets compiled, buffers find their sizes. */
  readonly warmUp: number;
  readonly perSecond: number;
  /** Private memory of all workers may differ by this much afterwards, in kibibytes. */
  readonly growthMaxKib: number;
}

/** Idle connections to the server go soon, so that at rest there is none. */
const IDLE_MS = 300;

export async function churn(context: TestContext, options: ChurnScenario): Promise<void> {
  const { connections, warmUp, perSecond, growthMaxKib } = options;
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  const { port } = site;
  site.writeStatic({
    log: { level: 'INFO', format: 'json' },
    entryPoints: {
      web: {
        address: `127.0.0.1:${port}`,
        transport: { limits: { maxConnections: 5_000, maxConnectionsPerClient: 1_000 } },
      },
    },
    serversTransport: { maxConnsPerServer: 50, forwardingTimeouts: { idleConnTimeout: `${IDLE_MS}ms` } },
  });
  site.writeDynamic(everythingTo({ servers: [upstream.url] }));
  const node = await site.serve();
  const clients = new ChurnClients({ port, perSecond });
  await clients.run(warmUp);
  await atRest(node);
  const descriptors = descriptorCount(node);
  const memory = memoryOfWorkers(node);
  const steady = new LoadClients({ port, connections: 4, pauseMs: 20 });
  context.after(() => steady.stop());
  const began = performance.now();
  await clients.run(connections);
  const seconds = (performance.now() - began) / 1000;
  await steady.more(10);
  await steady.stop();
  await atRest(node);
  await eventually(
    () => `${descriptorCount(node)} descriptors, ${descriptors} before`,
    () => descriptorCount(node) <= descriptors,
  );
  const growth = memoryOfWorkers(node) - memory;
  assert.deepEqual([clients.failures, steady.failures], [[], []]);
  assert.deepEqual(node.complaints, []);
  assert.ok(growth < growthMaxKib, `the workers grew by ${growth} KiB`);
  assert.equal(await node.stop(), 0);
  context.diagnostic(
    `${connections} connections in ${seconds.toFixed(1)} s, ${clients.answered} answers; ${growth} KiB of growth, ${descriptors} descriptors; steady: ${steady.summary}`,
  );
}

/** Nobody is connected, and nothing is counted that is not there. */
async function atRest(node: SluiceNode): Promise<void> {
  await sleep(IDLE_MS);
  const counts = () => {
    const { entryPoints, serverConnections, serverQueues } = limitsOf(node.pid);
    let servers = 0;
    for (let row = 0; row < 8; row++) servers += serverConnections.sum(row) + serverQueues.sum(row);
    return { clients: entryPoints.sum(0), servers, inFlight: inFlightOf(node.pid) };
  };
  await eventually(
    () => `no count is left: ${JSON.stringify(counts())}`,
    () => Object.values(counts()).every((count) => count === 0),
  );
}

function descriptorCount({ pid, workerPids }: SluiceNode): number {
  return [pid, ...workerPids].reduce((sum, each) => sum + descriptorsOf(each).length, 0);
}

function memoryOfWorkers({ workerPids }: SluiceNode): number {
  return workerPids.reduce((sum, pid) => sum + memoryOf(pid).unique, 0);
}
