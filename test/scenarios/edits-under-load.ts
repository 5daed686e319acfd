// Scenario: the dynamic configuration is edited again and again while requests flow. Each edit changes what the route
// does; none may cost a request, and nothing of an old revision may stay behind in a worker.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorsOf } from '../../native-bench/src/load/wrk-output.ts';
import { everythingTo, fieldOf } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import { descriptorsOf, mapsOf } from '../support/process-view.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';
import { WrkLoad, wrkSummary } from '../support/wrk-load.ts';

export interface EditOptions {
  readonly edits: number;
  readonly connections: number;
  readonly pauseMs: number;
  /** From the write to the last worker that answers by it. Without: only reported. */
  readonly effectMaxMs?: number;
  /** Of wrk, which runs beside the exact load. Default: no wrk. */
  readonly wrkConnections?: number;
}

const SNAPSHOT = 'memfd:sluice-snapshot';

interface Kinds {
  readonly snapshotMaps: number;
  readonly sockets: number;
  /** Memory files, pipes, epoll instances and so on. */
  readonly otherDescriptors: number;
}

export async function editsUnderLoad(context: TestContext, options: EditOptions): Promise<void> {
  const { edits, connections, pauseMs, effectMaxMs, wrkConnections = 0 } = options;
  const servers = [await UpstreamProcess.start(context, 'a'), await UpstreamProcess.start(context, 'b')];
  const site = await SluiceSite.create(context);
  // Every edit turns to the other server and to another mark.
  const edit = (n: number) => site.writeDynamic(everythingTo({ servers: [servers[n % 2]!.url], mark: `m${n}` }));
  edit(0);
  const node = await site.serve();
  const seen = new Map<string, number>();
  const load = new LoadClients({
    port: site.port,
    connections,
    pauseMs,
    onAnswer: ({ head, body }) => {
      const mark = fieldOf(head, 'X-Mark') ?? '';
      assert.equal(body[0], Number(mark.slice(1)) % 2 === 0 ? 'a' : 'b', `server and mark of one revision: ${mark}`);
      seen.set(mark, performance.now());
    },
  });
  context.after(() => load.stop());
  const wrk = wrkConnections > 0 ? WrkLoad.start(context, site.port, wrkConnections) : undefined;
  await load.more(connections * 4);
  const before = new Map(node.workerPids.map((pid) => [pid, kindsOf(pid)]));
  const slowest = Math.max(...(await editAll(edits, edit, seen, pauseMs)));
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal(load.sent, load.answered);
  if (wrk !== undefined) await checkWrk(context, wrk);
  for (const [pid, kinds] of before) {
    await eventually(
      () => `worker ${pid} is as before: ${JSON.stringify([kinds, kindsOf(pid)])}`,
      () => holdsNoMore(kindsOf(pid), kinds, connections + wrkConnections),
    );
  }
  if (effectMaxMs !== undefined) assert.ok(slowest < effectMaxMs, `an edit took ${slowest} ms`);
  assert.deepEqual(node.complaints, []);
  context.diagnostic(`${edits} edits, the old one seen for at most ${slowest.toFixed(0)} ms; ${load.summary}`);
}

/** @returns for each edit how long its predecessor was seen, in milliseconds. */
async function editAll(
  edits: number,
  edit: (n: number) => void,
  seen: ReadonlyMap<string, number>,
  pauseMs: number,
): Promise<number[]> {
  const effects: number[] = [];
  for (let n = 1; n <= edits; n++) {
    const written = performance.now();
    edit(n);
    await eventually(`edit ${n} takes effect`, () => seen.has(`m${n}`));
    // The other worker may be later: its last answer by the previous edit ends the wait.
    await sleep(2 * pauseMs + 20);
    effects.push(seen.get(`m${n - 1}`)! - written);
  }
  return effects;
}

async function checkWrk(context: TestContext, wrk: WrkLoad): Promise<void> {
  const result = await wrk.stop();
  context.diagnostic(wrkSummary(result));
  assert.equal(errorsOf(result), 0, wrkSummary(result));
  assert.ok(result.requests > 0);
}

function kindsOf(pid: number): Kinds {
  const descriptors = descriptorsOf(pid);
  const sockets = descriptors.filter((target) => target.startsWith('socket:')).length;
  return {
    snapshotMaps: mapsOf(pid, SNAPSHOT).length,
    sockets,
    otherDescriptors: descriptors.length - sockets,
  };
}

/** Connections to servers come and go; nothing else may. */
function holdsNoMore(now: Kinds, before: Kinds, connections: number): boolean {
  return (
    now.snapshotMaps === 1 &&
    now.otherDescriptors <= before.otherDescriptors &&
    now.sockets <= before.sockets + 2 * connections
  );
}
