// A measurement of handshakes is thrown away when they were of the other kind.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HandshakesResult } from '../load/handshakes-plan.ts';
import { checkHandshakes } from './handshakes.ts';

const result = (handshakes: number, resumed: number): HandshakesResult => ({
  durationUs: 1,
  handshakes,
  resumed,
  failed: 3,
  p50Us: 1,
  p99Us: 1,
  p999Us: 1,
});

test('full ones resume nothing', () => {
  checkHandshakes(result(1000, 0), false);
  assert.throws(() => checkHandshakes(result(1000, 1), false), /1 of 1000 .* none should have/);
});

test('resumed ones resume nearly all', () => {
  checkHandshakes(result(1000, 990), true);
  assert.throws(() => checkHandshakes(result(1000, 989), true), /989 of 1000 .* all should have/);
});

test('none at all is a failure', () => {
  for (const resume of [true, false]) {
    assert.throws(() => checkHandshakes(result(0, 0), resume), /no handshake succeeded; 3 failed/);
  }
});
