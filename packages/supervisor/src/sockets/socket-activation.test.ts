import assert from 'node:assert/strict';
import { test } from 'node:test';
import { passedDescriptors } from './socket-activation.ts';

test('descriptors from 3 on, with their names', () => {
  const env = { LISTEN_PID: '7', LISTEN_FDS: '3', LISTEN_FDNAMES: 'web::admin' };
  assert.deepEqual(passedDescriptors(env, 7), [
    { name: 'web', descriptor: 3 },
    { name: 'unknown', descriptor: 4 },
    { name: 'admin', descriptor: 5 },
  ]);
});

for (const [name, env] of [
  ['absent', {}],
  ['for another process', { LISTEN_PID: '8', LISTEN_FDS: '1' }],
  ['no number', { LISTEN_PID: '7', LISTEN_FDS: '-1' }],
  ['absurd', { LISTEN_PID: '7', LISTEN_FDS: '1e9' }],
] as const) {
  test(`nothing: ${name}`, () => assert.deepEqual(passedDescriptors(env, 7), []));
}
