// Finding programs, and the sentence when there is nothing to find.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTool, firstLineOf, missingTools, requireTools } from './tools.ts';

const NOWHERE = { command: 'no-such-program-anywhere' };

test('what is there is found, what is not is missing', () => {
  assert.match(findTool('sh') ?? '', /\/sh$/);
  assert.deepEqual(missingTools([{ command: 'sh' }, NOWHERE]), [NOWHERE]);
});

test('a program without a package is never installed', () => {
  const said: string[] = [];
  assert.throws(() => requireTools([NOWHERE], (line) => said.push(line)), /no-such-program-anywhere not found in PATH/);
  assert.deepEqual(said, []);
});

test('the first line of what a program says', () => {
  assert.equal(firstLineOf('sh', ['-c', 'echo one; echo two']), 'one');
  assert.equal(firstLineOf('sh', ['-c', 'echo error >&2; exit 3']), 'error');
});
