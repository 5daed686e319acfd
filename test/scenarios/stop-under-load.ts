// Scenario: SIGTERM under load. What has been accepted is served to its end, on connections that say that they close;
// who comes later is refused, nobody is cut.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { everythingTo, fieldOf } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { type Failure, LoadClients } from '../support/load-clients.ts';
import type { Answer } from '../support/load-connection.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

export interface StopOptions {
  readonly connections: number;
  readonly pauseMs: number;
  /** `requestAcceptGraceTimeout`. */
  readonly acceptGraceMs: number;
}

/** How long the requests take that are running when the signal comes. */
const SLOW_MS = 6_000;

export async function stopUnderLoad(context: TestContext, options: StopOptions): Promise<void> {
  const { connections, pauseMs, acceptGraceMs } = options;
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  const { port } = site;
  const lifeCycle = { requestAcceptGraceTimeout: `${acceptGraceMs}ms`, graceTimeOut: '40s' };
  site.writeStatic({ entryPoints: { web: { address: `127.0.0.1:${port}`, transport: { lifeCycle } } } });
  site.writeDynamic(everythingTo({ servers: [upstream.url] }));
  const node = await site.serve();
  const late: Answer[] = [];
  const steady = new LoadClients({ port, connections, pauseMs });
  const slow = new LoadClients({ port, connections: 4, path: `/slow?${SLOW_MS}`, onAnswer: (each) => late.push(each) });
  const loads = [steady, slow];
  context.after(() => Promise.all(loads.map((load) => load.stop())));
  await steady.more(connections * 3);
  await eventually('slow requests run', () => slow.inFlight === 4);
  // And have come to their workers.
  await sleep(1_000);
  const asked = performance.now();
  node.kill('SIGTERM');
  await sleep(acceptGraceMs / 2);
  if (acceptGraceMs > 0) await stillServes(port);
  await eventually('the slow requests have their answers', () => slow.answered === 4);
  const stopped = loads.map((load) => load.stop());
  assert.equal(await node.exited, 0);
  await Promise.all(stopped);
  for (const { head } of late) assert.equal(fieldOf(head, 'Connection'), 'close');
  const failures = loads.flatMap((load) => load.failures);
  assert.deepEqual(
    failures.filter((failure) => !isRefusal(failure, asked + acceptGraceMs)),
    [],
  );
  assert.deepEqual(node.complaints, []);
  assert.deepEqual(site.processes(), []);
  const reset = failures.filter(({ reason }) => reason === 'ECONNRESET').length;
  context.diagnostic(`${steady.answered} answered; ${failures.length} new connections refused, ${reset} of them reset`);
}

async function stillServes(port: number): Promise<void> {
  const fresh = new LoadClients({ port, connections: 2, fresh: true });
  await fresh.more(4);
  await fresh.stop();
  assert.deepEqual(fresh.failures, []);
}

/** A connection that nobody accepted any more; one that waited in the queue at that moment is reset by the kernel. */
function isRefusal({ phase, reason, turn, at }: Failure, from: number): boolean {
  const unaccepted = phase === 'connecting' || (phase === 'sent' && turn === 1);
  return at > from && unaccepted && (reason === 'ECONNREFUSED' || reason === 'ECONNRESET');
}
