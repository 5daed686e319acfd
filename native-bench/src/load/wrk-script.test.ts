// The script, run by Lua itself where wrk is: here only its text.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get, post } from './load-request.ts';
import { luaString, wrkScript } from './wrk-script.ts';

test('line ends and quotes are escaped', () => {
  assert.equal(luaString('a "b"\r\n\\'), '"a \\"b\\"\\r\\n\\\\"');
});

test('bodies do not fill the script', () => {
  const script = wrkScript(post('/upload', { bytes: 100_000 }));
  assert.ok(script.length < 2_000);
  assert.match(script, /Content-Length: 100000\\r\\n\\r\\n" \.\. string\.rep\("x", 100000\)/);
});

test('the request is made once, not by a function called for each', () => {
  const script = wrkScript(get('/'));
  assert.match(script, /wrk\.format = function\(\)/);
  assert.doesNotMatch(script, /^\s*(function request|request\s*=)/m);
});
