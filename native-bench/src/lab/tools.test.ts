// Finding programs, and the sentence when there is nothing to find.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTool, firstLineOf, missingTools, opensslIn, requireTools } from './tools.ts';

const NOWHERE = { command: 'no-such-program-anywhere' };

test('what is there is found, what is not is missing', () => {
  assert.match(findTool('sh') ?? '', /\/sh$/);
  assert.deepEqual(missingTools([{ command: 'sh' }, NOWHERE]), [NOWHERE]);
});

test('a path is found as it is, and what is no program says itself whether it is there', () => {
  assert.equal(findTool(process.execPath), process.execPath);
  assert.equal(findTool('/no/such/program'), undefined);
  const module = { command: 'a module', isThere: () => true };
  assert.deepEqual(missingTools([module]), []);
  assert.equal(missingTools([{ ...module, isThere: () => false }]).length, 1);
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

test('the TLS library is the one a program runs with', () => {
  const nginx = 'built with OpenSSL 3.0.22 25 Aug 2026 (running with OpenSSL 3.0.19 27 Jan 2026)';
  const haproxy =
    'Built with OpenSSL version : OpenSSL 3.0.22 x\nRunning on OpenSSL version : OpenSSL 3.0.19 27 Jan 2026';
  assert.equal(opensslIn(nginx), ', OpenSSL 3.0.19');
  assert.equal(opensslIn(haproxy), ', OpenSSL 3.0.19');
  assert.equal(opensslIn('built with OpenSSL 3.0.22 25 Aug 2026'), ', OpenSSL 3.0.22');
  assert.equal(opensslIn('built without'), '');
});
