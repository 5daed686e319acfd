// Options and what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from './command-line.ts';

test('without options everything has its default', () => {
  assert.deepEqual(parseCommandLine([]), {
    scenarios: undefined,
    peers: undefined,
    seconds: 10,
    warmUpSeconds: 3,
    rounds: 5,
    out: undefined,
    action: 'run',
  });
});

test('lists come in one or several options', () => {
  const { scenarios, peers } = parseCommandLine([
    '--scenario',
    'small,idle-1000',
    '--scenario=chunked',
    '--peers',
    'none',
  ]);
  assert.deepEqual(scenarios, ['small', 'idle-1000', 'chunked']);
  assert.deepEqual(peers, []);
});

test('numbers are checked', () => {
  assert.equal(parseCommandLine(['--seconds', '2']).seconds, 2);
  for (const wrong of ['0', '-1', '1.5', 'x', '601']) {
    assert.throws(() => parseCommandLine([`--seconds=${wrong}`]), /--seconds must be a whole number from 1 to 600/);
  }
});

test('unknown options are refused', () => {
  assert.throws(() => parseCommandLine(['--fast']), /fast/);
});
