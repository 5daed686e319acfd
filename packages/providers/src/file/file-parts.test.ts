// The small parts of the file provider, each alone: bounded reading, settling, template actions.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, test } from 'node:test';
import { pause } from '../testing/provider-bench.ts';
import { isCovered } from './declared-objects.ts';
import { readDocument } from './read-document.ts';
import { SettleTimer } from './settle-timer.ts';
import { firstTemplateAction } from './template-actions.ts';

test('a document over the bound is not read', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-read-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'a.yml');
  writeFileSync(path, 'x'.repeat(100));
  const read = await readDocument(path, 100);
  assert.equal(read.kind, 'text');
  assert.deepEqual(await readDocument(path, 99), { kind: 'unreadable', reason: 'it is larger than 99 bytes' });
  // The size of a file in /proc is 0 although it has content: the bound holds for what is read.
  assert.equal((await readDocument('/proc/self/status', 50)).kind, 'unreadable');
  assert.deepEqual(await readDocument(join(folder, 'none.yml')), { kind: 'missing' });
});

test('settling: one call after a burst, and none later than the limit', async () => {
  const calls: number[] = [];
  const began = performance.now();
  const timer = new SettleTimer({ quietMs: 300, limitMs: 900, act: () => calls.push(performance.now() - began) });
  for (let at = 0; at < 5; at++) timer.notify();
  await pause(700);
  assert.equal(calls.length, 1);
  const start = performance.now() - began;
  while (calls.length < 2 && performance.now() - began < start + 30_000) {
    timer.notify();
    await pause(5);
  }
  assert.ok(calls[1]! - start >= 800, 'it waited for quiet while there was time');
  timer.notify();
  timer.cancel();
  await pause(600);
  assert.equal(calls.length, 2);
});

test('template actions are told from braces that belong to rules', () => {
  const actions = [
    '{{ env "X" }}',
    '{{- range $i, $e := until 100 }}',
    '{{if true}}',
    '{{ end -}}',
    '{{ "{{" }}',
    '{{ .Name }}',
    '{{ split "a" | first }}',
    '{{/* comment */}}',
  ];
  for (const action of actions) assert.equal(firstTemplateAction(`a: 1\nb: ${action}\n`), 2, action);
  const others = ['Path(`/{id}`)', '^/x{2}$', '{{2}}', '{{id}}', '{ {if} }', '# {{ env "X" }}', '"{{"'];
  for (const other of others) assert.equal(firstTemplateAction(`${other}\n`), undefined, other);
  assert.equal(firstTemplateAction('# {{ end }}\n{{id}} {{ end }}\n'), 2);
});

describe('refused sections', () => {
  for (const [path, section, covered] of [
    ['http.routers.web', 'http.routers.web', true],
    ['http.routers.web', 'http.routers', true],
    ['http.routers.web', 'http', true],
    ['http.routers.web', 'http.services', false],
    ['http.routers.web.api', 'http.routers.web', false],
    ['tcp.services.db', 'tcp.services', true],
    ['tcp.services.db', 'tcp', true],
    ['udp.services.db', 'tcp', false],
    ['tls.options.own', 'tls.options', true],
    ['tls.options.own', 'tls', true],
    ['tls.options.own', 'http', false],
    ['tls.certificates[0123456789abcdef]', 'tls.certificates[2]', true],
    ['tls.certificates[0123456789abcdef]', 'tls.certificates', true],
    ['tls.certificates[0123456789abcdef]', 'tls.options', false],
  ] as const) {
    it(`${section} ${covered ? 'covers' : 'does not cover'} ${path}`, () => {
      assert.equal(isCovered(path, section), covered);
    });
  }
});
