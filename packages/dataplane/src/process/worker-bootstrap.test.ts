import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseWorkerBootstrap } from './worker-bootstrap.ts';
import type { WorkerBootstrap } from './worker-protocol.ts';

const TIMES = { acceptGraceMs: 0, graceMs: 10_000 };
const GOOD: WorkerBootstrap = {
  slot: 1,
  slots: 2,
  runtimeDirectory: '/run/sluice/a',
  controlDescriptor: 4,
  statusDescriptor: 5,
  snapshotDescriptor: 6,
  limits: { descriptor: 8, bufferedBytesMax: 1 << 28 },
  revision: 1,
  tls: { number: 3, descriptor: 12 },
  metrics: {
    descriptor: 8,
    settings: { entryPoints: true, routers: false, services: true, internals: false, headers: ['x-tenant'] },
  },
  listeners: [{ entryPoint: 'web', descriptor: 7 }],
  mailboxes: { receive: 9, send: [10, 11] },
  log: { level: 'INFO', format: 'common', filePath: '' },
  lifeCycle: { streams: TIMES, datagrams: { acceptGraceMs: 1_000, graceMs: 5_000 } },
};

test('a bootstrap comes through unchanged', () => {
  assert.deepEqual(parseWorkerBootstrap(JSON.stringify(GOOD)), GOOD);
});

for (const [name, text, message] of [
  ['absent', undefined, /started by the supervisor/],
  ['no JSON', '{', /not JSON/],
  ['a slot beyond the last', JSON.stringify({ ...GOOD, slot: 2 }), /slot beyond/],
  ['a relative directory', JSON.stringify({ ...GOOD, runtimeDirectory: 'run' }), /absolute path/],
  [
    'a standard stream as listener',
    JSON.stringify({ ...GOOD, listeners: [{ entryPoint: 'w', descriptor: 1 }] }),
    /from 3/,
  ],
  ['a mailbox too few', JSON.stringify({ ...GOOD, mailboxes: { receive: 9, send: [10] } }), /mailbox of each slot/],
  ['no limits', JSON.stringify({ ...GOOD, limits: undefined }), /limits must be an object/],
  ['no bound', JSON.stringify({ ...GOOD, limits: { descriptor: 8 } }), /bufferedBytesMax/],
  ['no life cycle', JSON.stringify({ ...GOOD, lifeCycle: undefined }), /lifeCycle/],
  ['no times of datagrams', JSON.stringify({ ...GOOD, lifeCycle: { streams: TIMES } }), /lifeCycle\.datagrams/],
  [
    'an endless grace',
    JSON.stringify({ ...GOOD, lifeCycle: { streams: TIMES, datagrams: { acceptGraceMs: 0, graceMs: null } } }),
    /graceMs/,
  ],
  ['material on a standard stream', JSON.stringify({ ...GOOD, tls: { number: 1, descriptor: 2 } }), /from 3/],
  ['metrics without families', JSON.stringify({ ...GOOD, metrics: { descriptor: 8, settings: {} } }), /which families/],
  ['metrics without a descriptor', JSON.stringify({ ...GOOD, metrics: { settings: {} } }), /descriptor must be/],
  [
    'an access log without fields',
    JSON.stringify({ ...GOOD, accessLog: { format: 'json', filePath: '' } }),
    /access log/,
  ],
  ['an unknown format', JSON.stringify({ ...GOOD, log: { ...GOOD.log, format: 'xml' } }), /common or json/],
] as const) {
  test(`refused: ${name}`, () => assert.throws(() => parseWorkerBootstrap(text), message));
}
