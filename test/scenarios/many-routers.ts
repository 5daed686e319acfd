// Scenario: a configuration with very many routers. It loads; a change of one router takes effect; switching to it holds no
// worker up; and workers share the tables instead of each having its own.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import { mapMemoryOf, memoryOf } from '../support/process-view.ts';
import { controlOf } from '../support/shared-blocks.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

export interface ManyRoutersOptions {
  readonly routers: number;
  readonly workers: number;
  readonly edits: number;
  /** An edit must be in force within this time. */
  readonly effectMaxMs: number;
  /** A switch may hold a worker's event loop up for so long. Without: only reported. */
  readonly pauseMaxUs?: number;
}

const SNAPSHOT = 'memfd:sluice-snapshot';
const SERVICES = 100;

export async function manyRouters(context: TestContext, options: ManyRoutersOptions): Promise<void> {
  const { routers, workers, edits, effectMaxMs } = options;
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  site.writeDynamic(configuration(routers, upstream.url, 0));
  const startedAt = performance.now();
  const node = await site.serve({ workers });
  context.diagnostic(`${routers} routers: ready after ${(performance.now() - startedAt).toFixed(0)} ms`);
  const load = new LoadClients({ port: site.port, connections: 4, path: `/r${routers - 1}`, pauseMs: 20 });
  context.after(() => load.stop());
  await load.more(20);
  checkMemory(context, node);
  const effects: number[] = [];
  for (let edit = 1; edit <= edits; edit++) {
    effects.push(await editOne(site, configuration(routers, upstream.url, edit), edit, effectMaxMs));
  }
  context.diagnostic(`edits in force after ${effects.map((each) => each.toFixed(0))} ms`);
  await eventually('every worker has reported its switch', () => pausesOf(node).length >= edits * workers);
  checkPauses(context, node, options);
  assert.deepEqual(node.complaints, []);
  const next = await takeOver(site, node, workers);
  await load.more(40);
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.deepEqual(next.complaints, []);
  assert.equal(await next.stop(), 0);
}

/** Compiling takes its time; the earlier workers serve meanwhile. */
async function takeOver(site: SluiceSite, node: SluiceNode, workers: number): Promise<SluiceNode> {
  node.kill('SIGKILL');
  await node.exited;
  const next = await site.serve({ workers });
  await next.line('the earlier worker drains');
  return next;
}

function pausesOf({ lines }: SluiceNode): number[] {
  const pauses = lines.flatMap(({ msg, pauseUs }) => (msg === 'worker switched' ? [Number(pauseUs)] : []));
  return pauses.sort((a, b) => a - b);
}

function checkPauses(context: TestContext, node: SluiceNode, { pauseMaxUs }: ManyRoutersOptions): void {
  const pauses = pausesOf(node);
  if (pauseMaxUs !== undefined) {
    // Nearly all: reading memory for the first time costs more when others fill the caches.
    const pauseUs = pauses[Math.floor(pauses.length * 0.9)]!;
    assert.ok(pauseUs < pauseMaxUs, `a switch holds a worker up for ${pauseUs} µs (all: ${pauses})`);
  }
  const control = controlOf(node.pid);
  const worst = Math.max(...[...node.workers.keys()].map((slot) => control.switchPauseUs(slot).max));
  // A worker that unmaps an old revision later than it reports the switch may add to what it said.
  assert.ok(worst >= pauses.at(-1)!, `the control block knows of ${worst} µs, the log of ${pauses}`);
  context.diagnostic(`pauses ${pauses} µs; the longest in the control block: ${worst} µs`);
}

/** @returns how long it took to be in force, in milliseconds. */
async function editOne(site: SluiceSite, text: string, edit: number, effectMaxMs: number): Promise<number> {
  const written = performance.now();
  site.writeDynamic(text);
  await eventually(
    `edit ${edit} is in force`,
    async () => (await statusOf(site.port, `/edit${edit}`)) === 200,
    effectMaxMs,
  );
  return performance.now() - written;
}

/** The tables are in memory once, however many workers read them. */
function checkMemory(context: TestContext, node: SluiceNode): void {
  const maps = node.workerPids.map((pid) => mapMemoryOf(pid, SNAPSHOT));
  const [{ size } = { size: 0 }] = maps;
  const total = maps.reduce((sum, { pss }) => sum + pss, 0);
  assert.ok(maps.length > 0 && maps.every((each) => each.maps === 1 && each.size === size));
  assert.ok(total <= size * 1.05 + 64, `the tables of ${size} KiB take ${total} KiB in all workers together`);
  if (maps.length > 1) {
    for (const { privateDirty, privateClean } of maps) {
      const own = privateDirty + privateClean;
      assert.ok(own <= size * 0.05 + 64, `${own} KiB of the tables of ${size} KiB are a worker's own`);
    }
  }
  const rest = node.workerPids.map((pid, index) => memoryOf(pid).pss - maps[index]!.pss);
  context.diagnostic(
    `${maps.length} workers: tables of ${size} KiB take ${total} KiB in all; other memory ${rest} KiB`,
  );
}

async function statusOf(port: number, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  await response.text();
  return response.status;
}

/** YAML as people write it. Edit 0 is the first version. */
function configuration(routers: number, url: string, edit: number): string {
  const lines = ['http:', '  routers:'];
  for (let index = 0; index < routers; index++) {
    const path = index === 0 ? `/edit${edit}` : `/r${index}`;
    lines.push(
      `    r${index}:`,
      `      rule: "(Host(\`127.0.0.1\`) || Host(\`localhost\`)) && PathPrefix(\`${path}\`)"`,
    );
    lines.push(`      service: s${index % SERVICES}`);
    if (index % 10 === 1) lines.push('      middlewares: [tagged]');
  }
  lines.push(
    '  middlewares:',
    '    tagged:',
    '      headers:',
    '        customResponseHeaders:',
    '          X-Tag: one',
  );
  lines.push('  services:');
  for (let index = 0; index < SERVICES; index++) {
    lines.push(`    s${index}:`, '      loadBalancer:', '        servers:', `          - url: ${url}`);
  }
  return `${lines.join('\n')}\n`;
}
