// Micro benchmarks time what they say: each does its work, and rendering shows it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCESS_LINES } from './access-lines.ts';
import { CHUNKS, PATHS } from './bodies-and-paths.ts';
import { CLIENT_HELLOS } from './client-hellos.ts';
import { FRAMES } from './frames.ts';
import { HEADER_BLOCKS } from './header-blocks.ts';
import { HEADS } from './heads.ts';
import { MATCHING } from './matching.ts';
import { CONNECTION_PICKERS, COUNTERS, PICKERS } from './pickers.ts';
import { renderMicro } from './render-micro.ts';
import { REQUEST_COUNTING } from './request-counting.ts';
import { WRITING } from './writing.ts';

test('heads and bodies are read to their end', () => {
  for (const { name, run, bytes } of [...HEADS.make(), ...CHUNKS.make()]) assert.equal(run(), bytes, name);
});

test('header blocks are read to their end and written, the same one each time', () => {
  const [literals, repeated, ...written] = HEADER_BLOCKS.make();
  for (const { name, run, bytes } of [literals!, repeated!]) assert.deepEqual([run(), run()], [bytes, bytes], name);
  for (const { name, run } of written) assert.equal(name.endsWith(`, ${run()} bytes`), true, name);
});

test('frames are read to their end, requests answered one by one', () => {
  const [requests, upload, session] = FRAMES.make();
  for (const { name, run, bytes } of [requests!, upload!]) assert.deepEqual([run(), run()], [bytes, bytes], name);
  assert.deepEqual([session!.run(), session!.run(), session!.run()], [1, 2, 3]);
});

test('client hellos are complete, and what they say is found', () => {
  const [program, browser, asked] = CLIENT_HELLOS.make();
  for (const { name, run, bytes } of [program!, browser!]) assert.equal(run(), bytes, name);
  assert.match(String(asked!.run()), /^shop\.bench\.example true [1-9]/);
});

test('the last router is found, and nobody where there is none', () => {
  for (const group of MATCHING.slice(0, 2)) {
    const [byHost, none, byPath] = group.make().map(({ run }) => run() as number);
    assert.ok(byHost! >= 0 && byPath! >= 0, group.title);
    assert.equal(none, -1);
  }
});

test('every counted request has a row', () => {
  for (const { name, run } of REQUEST_COUNTING.make()) {
    for (let i = 0; i < 10; i++) assert.equal(run(), 0, name);
  }
});

test('heads are written, servers picked, counters balanced', () => {
  for (const { name, run } of [...WRITING.make(), ...PICKERS.make(), ...CONNECTION_PICKERS.make()]) {
    const first = run();
    assert.ok(first === false || (first as number) >= 0, name);
  }
  const [, sum] = COUNTERS.make();
  assert.equal(sum!.run(), 0);
});

test('paths come out in their one spelling', () => {
  assert.deepEqual(
    PATHS.make().map(({ run }) => run()),
    [
      true,
      '/catalogue/caf%C3%A9/a%2Fb/~user',
      '/catalogue/tools/page-7.html',
      '/catalogue/tools/page-7.html',
      '/catalogue/café/a%2Fb/~user',
    ],
  );
});

test('access log lines are composed, one after the other', () => {
  for (const { name, run } of ACCESS_LINES.make()) assert.deepEqual([run(), run(), run()], [1, 2, 3], name);
});

test('the table', () => {
  const environment = { startedAt: '2024-06-04T12:00:00Z', processor: 'P', kernel: 'K', node: '22', loadAverage: 0.1 };
  const row = { name: 'f', p50Ns: 12.34, minNs: 10, p99Ns: 25_000, averageNs: 13, heapBytes: 0.2, bytes: 100 };
  const text = renderMicro({ environment, groups: [{ title: 'g', rows: [row] }] });
  assert.match(text, /\| f \| 12\.3 ns \| 10\.0 ns \| 25\.0 µs \| 0 \| 0\.123 \|/);
});
