import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { decodeStaticText, type HttpConfiguration } from '@sluice/config';
import { closeDescriptor, createSharedMemory, mapWritable, seal, unmap } from '@sluice/native';
import { compileConfiguration } from '@sluice/routing';
import { ServerHealth, SlotState } from '@sluice/shared-state';
import pino from 'pino';
import { createNodeMemory } from '../src/node-memory.ts';
import { bindTargetOf } from '../src/sockets/bind-entry-point.ts';
import { ConnectionMailboxes } from '../src/sockets/connection-mailboxes.ts';
import { ListenerSet } from '../src/sockets/listener-set.ts';
import { createPool } from '../src/workers/create-pool.ts';
import type { Snapshot } from '../src/workers/worker-process.ts';
import { eventually } from './support/eventually.ts';
import { get, slowUpstream } from './support/http.ts';

const { configuration } = decodeStaticText(
  'log: { level: FATAL }\nentryPoints: { web: { address: "127.0.0.1:0" } }',
  'yaml',
  'static.yaml',
);

function httpOf(url: string): HttpConfiguration {
  const loadBalancer = {
    servers: [{ url, weight: 1, preservePath: false }],
    strategy: 'wrr',
    passHostHeader: true,
    serversTransport: '',
  } as const;
  return {
    routers: {
      'r@file': { entryPoints: ['web'], rule: 'PathPrefix(`/`)', priority: 0n, middlewares: [], service: 's@file' },
    },
    services: { 's@file': { loadBalancer } },
    middlewares: {},
    serversTransports: {},
  };
}

function snapshotOf(revision: number, url: string, damage = false): Snapshot {
  const { bytes } = compileConfiguration({
    entryPoints: configuration.entryPoints,
    providerPrecedence: [],
    defaultServersTransport: configuration.serversTransport,
    revision,
    http: httpOf(url),
    statusRow: () => revision - 1,
  });
  const { descriptor } = createSharedMemory('test-snapshot', bytes.byteLength);
  const map = mapWritable(descriptor);
  const content = new Uint8Array(map);
  content.set(bytes);
  if (damage) content[content.length - 20]! ^= 1;
  unmap(map);
  seal(descriptor);
  return { revision, descriptor };
}

/** One real worker under the test's own hands. */
async function startWorker(context: TestContext, url: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-worker-'));
  const runtimeDirectory = join(folder, 'instance');
  mkdirSync(runtimeDirectory, { mode: 0o700 });
  const memory = createNodeMemory(1, 1);
  for (let row = 0; row < 8; row++) memory.status.setHealth(row, ServerHealth.UP);
  const target = await bindTargetOf('web', '127.0.0.1:0');
  const listeners = ListenerSet.open(1, [{ target, reusePort: false, passed: [], takenOver: [] }]);
  let current = snapshotOf(1, url);
  const refused: number[] = [];
  const pool = createPool({
    configuration,
    slots: 1,
    runtimeDirectory,
    env: process.env,
    log: pino({ level: 'silent' }),
    memory,
    listeners,
    mailboxes: ConnectionMailboxes.create(1),
    limits: { startTimeoutMs: 30_000, heartbeatTimeoutMs: 10_000 },
    snapshot: () => current,
    onReady: () => {},
    onGone: () => {},
    onReleased: () => {},
    onRefused: (revision) => refused.push(revision),
  });
  context.after(async () => {
    await pool.leaveNow();
    listeners.close();
    memory.close();
    closeDescriptor(current.descriptor);
    rmSync(folder, { recursive: true, force: true });
  });
  pool.start();
  await eventually('ready', () => pool.servingCount === 1, 30_000);
  const publish = (snapshot: Snapshot) => {
    closeDescriptor(current.descriptor);
    current = snapshot;
    pool.publish(snapshot);
  };
  return { pool, memory, refused, publish, port: listeners.addressOf('web')!.port };
}

test('a snapshot with one wrong bit is refused; the one in force goes on; the next good one is taken', async (context) => {
  const { pool, memory, refused, publish, port } = await startWorker(context, await slowUpstream(context, 'one'));
  assert.equal(memory.control.slotState(0), SlotState.SERVING);
  const two = await slowUpstream(context, 'two');
  publish(snapshotOf(2, two, true));
  await eventually('refused', () => refused.length === 1);
  assert.deepEqual(refused, [2]);
  assert.equal((await get(port)).body, 'one');
  assert.equal(memory.control.slotRevision(0), 1);
  publish(snapshotOf(3, two));
  await eventually('switched', () => memory.control.slotRevision(0) === 3);
  assert.equal((await get(port)).body, 'two');
  await eventually('the first one unmapped', () => pool.oldestRevision === 3);
});

test('an old revision stays until its last exchange has ended; switching is measured', async (context) => {
  const { pool, memory, publish, port } = await startWorker(context, await slowUpstream(context, 'one'));
  const slow = get(port, '/slow');
  await eventually('under way', () => memory.status.inFlight(0) === 1);
  publish(snapshotOf(2, await slowUpstream(context, 'two')));
  await eventually('switched', () => memory.control.slotRevision(0) === 2);
  assert.equal((await get(port)).body, 'two');
  assert.equal(pool.oldestRevision, 1);
  assert.equal((await slow).body, 'one');
  await eventually('released', () => pool.oldestRevision === 2);
  const { last, max } = memory.control.switchPauseUs(0);
  assert.ok(last > 0 && max >= last);
});
