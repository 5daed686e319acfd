import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { decodeStaticText, type HttpConfiguration } from '@sluice/config';
import { closeDescriptor, createSharedMemory, mapWritable, seal, unmap } from '@sluice/native';
import { compileConfiguration, SnapshotReader } from '@sluice/routing';
import { ServerHealth, SlotState } from '@sluice/shared-state';
import pino from 'pino';
import { createNodeMemory } from '../src/node-memory.ts';
import { bindTargetOf } from '../src/sockets/bind-entry-point.ts';
import { ConnectionMailboxes } from '../src/sockets/connection-mailboxes.ts';
import { ListenerSet } from '../src/sockets/listener-set.ts';
import { sealTlsMaterial } from '../src/tls/seal-tls-material.ts';
import { createPool } from '../src/workers/create-pool.ts';
import type { SealedTls, Snapshot } from '../src/workers/worker-process.ts';
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
  // Between sections there is padding, in which nothing can be wrong.
  if (damage) content[firstContent(bytes)]! ^= 1;
  unmap(map);
  seal(descriptor);
  return { revision, descriptor };
}

/** Where the first section that is not empty begins. */
function firstContent(bytes: Uint8Array): number {
  return SnapshotReader.open(bytes).sections.find(({ lengthBytes }) => lengthBytes > 0)!.offsetBytes;
}

function tlsOf(number: number, content: object = {}): SealedTls {
  const tables = { certificates: [], exact: {}, wildcard: {}, defaultCertificate: -1, optionSets: [] };
  const material = { number, tables, keyPairs: {}, staples: {}, ticketKeys: [], transports: {}, systemAuthorities: '' };
  return { number, descriptor: sealTlsMaterial({ ...material, ...content }) };
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
  let tls = tlsOf(1);
  const refused: number[] = [];
  const refusedTls: number[] = [];
  const told: { readonly msg: string; readonly number?: number }[] = [];
  const pool = createPool({
    configuration,
    slots: 1,
    runtimeDirectory,
    env: process.env,
    log: pino({ level: 'debug' }, { write: (line: string) => void told.push(JSON.parse(line)) }),
    memory,
    listeners,
    mailboxes: ConnectionMailboxes.create(1),
    limits: { startTimeoutMs: 60_000, heartbeatTimeoutMs: 30_000 },
    snapshot: () => current,
    tls: () => tls,
    onReady: () => {},
    onGone: () => {},
    onReleased: () => {},
    onRefused: (revision) => refused.push(revision),
    onTlsRefused: (number) => refusedTls.push(number),
  });
  context.after(async () => {
    await pool.leaveNow();
    listeners.close();
    memory.close();
    closeDescriptor(current.descriptor);
    closeDescriptor(tls.descriptor);
    rmSync(folder, { recursive: true, force: true });
  });
  pool.start();
  await eventually('ready', () => pool.servingCount === 1);
  const publish = (snapshot: Snapshot) => {
    closeDescriptor(current.descriptor);
    current = snapshot;
    pool.publish(snapshot);
  };
  /** @param snapshot that it belongs to; without, it goes alone */
  const publishTls = (material: SealedTls, snapshot?: Snapshot) => {
    closeDescriptor(tls.descriptor);
    tls = material;
    if (snapshot === undefined) pool.publishTls(material);
    else publish(snapshot);
  };
  /** Numbers of TLS material that came into force, in order. */
  const inForce = () => told.filter(({ msg }) => msg === 'worker has new TLS material').map(({ number }) => number);
  const port = listeners.addressOf('web')!.port;
  return { pool, memory, refused, refusedTls, publish, publishTls, inForce, port };
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
  const { pool, memory, publish, port } = await startWorker(context, await slowUpstream(context, 'one', 4_000));
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

test('TLS material: with a snapshot, alone, and refused when it cannot be read, together with its snapshot', async (context) => {
  const one = await slowUpstream(context, 'one');
  const { memory, refused, refusedTls, publish, publishTls, inForce } = await startWorker(context, one);
  assert.deepEqual(inForce(), [1]);
  publishTls(tlsOf(2));
  await eventually('alone', () => inForce().length === 2);
  publishTls(tlsOf(3), snapshotOf(2, one));
  await eventually('with a snapshot', () => memory.control.slotRevision(0) === 2 && inForce().length === 3);
  publish(snapshotOf(3, one));
  await eventually('a snapshot, and no other material', () => memory.control.slotRevision(0) === 3);
  publishTls(tlsOf(4, { tables: null }));
  await eventually('refused', () => refusedTls.length === 1);
  publishTls(tlsOf(5, { keyPairs: 'none' }), snapshotOf(4, one));
  await eventually('refused with its snapshot', () => refused.length === 1);
  assert.deepEqual([refusedTls, refused, memory.control.slotRevision(0)], [[4], [4], 3]);
  publishTls(tlsOf(6), snapshotOf(5, one));
  await eventually('repaired', () => memory.control.slotRevision(0) === 5 && inForce().length === 4);
  assert.deepEqual(inForce(), [1, 2, 3, 6]);
});
