import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeartbeatWatch } from './heartbeat-watch.ts';

test('stuck after more looks than the silence allows, and not before', () => {
  const watch = new HeartbeatWatch(3000);
  assert.equal(watch.look(5), false);
  assert.deepEqual([watch.look(5), watch.look(5), watch.look(5), watch.look(5)], [false, false, false, true]);
  assert.ok(!watch.isBeating);
});

test('one beat, or another worker, starts the count anew', () => {
  const watch = new HeartbeatWatch(1000);
  watch.look(1);
  assert.equal(watch.look(1), false);
  assert.equal(watch.look(2), false);
  assert.equal(watch.look(2), false);
  watch.reset();
  assert.equal(watch.look(2), false);
  assert.equal(watch.look(2), false);
  assert.equal(watch.look(2), true);
});
