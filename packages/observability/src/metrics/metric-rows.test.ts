import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricKind, MetricsBlock, OVERFLOW_ROW, type RowKey, WITH_HEADER_VALUES } from '@sluice/shared-state';
import { joinHeaderValues, splitHeaderValues } from './header-values.ts';
import { MetricRows } from './metric-rows.ts';
import { RequestSeries } from './request-series.ts';

function block(rows = 8, textBytes = 0): MetricsBlock {
  const shape = { rows, bounds: [1], textBytes };
  return MetricsBlock.create(new ArrayBuffer(MetricsBlock.byteLength(shape)), shape);
}

function key(name: number, part: Partial<RowKey> = {}): RowKey {
  return { kind: MetricKind.SERVICE_REQUESTS, name, other: 0, labels: 0, text: '', ...part };
}

test('a key has one row; another key has another one', () => {
  const rows = new MetricRows(block());
  const keys = [
    key(1),
    key(2),
    key(1, { labels: 5 }),
    key(1, { other: 9 }),
    key(1, { kind: MetricKind.ROUTER_REQUESTS }),
  ];
  const first = keys.map((each) => rows.rowFor(each));
  assert.equal(new Set(first).size, keys.length);
  assert.ok(!first.includes(OVERFLOW_ROW));
  assert.deepEqual(
    keys.map((each) => rows.rowFor(each)),
    first,
  );
});

test('the next worker in the slot goes on in the same rows, and its counts never fall behind', () => {
  const metrics = block(64, 32);
  const header = key(1, { kind: MetricKind.SERVICE_REQUESTS + WITH_HEADER_VALUES, text: 'a' });
  const before = new MetricRows(metrics);
  const row = before.rowFor(key(1));
  const byHeader = before.rowFor(header);
  for (let i = 0; i < 3; i++) metrics.observe(row, 0, 1, 1);
  const after = new MetricRows(metrics);
  assert.equal(after.rowFor(key(1)), row);
  assert.equal(after.rowFor(header), byHeader);
  metrics.observe(after.rowFor(key(1)), 0, 1, 1);
  assert.deepEqual(metrics.requests(row).buckets, [4, 0]);
});

test('what has no room goes to the overflow row, until rows are freed', () => {
  const metrics = block(4);
  const rows = new MetricRows(metrics);
  const taken = [1, 2, 3].map((name) => rows.rowFor(key(name)));
  assert.deepEqual([...taken].sort(), [1, 2, 3]);
  assert.equal(rows.rowFor(key(4)), OVERFLOW_ROW);
  const series = new RequestSeries(rows, key(4));
  series.observe(0, 0, 0, 0, undefined);
  assert.deepEqual(metrics.requests(OVERFLOW_ROW).buckets, [1, 0]);
  metrics.free(taken[1]!);
  series.observe(0, 0, 0, 0, undefined);
  assert.deepEqual(metrics.requests(taken[1]!).buckets, [1, 0]);
  assert.equal(metrics.key(taken[1]!).name, 4);
  assert.equal(rows.rowFor(key(2)), OVERFLOW_ROW);
});

test('a freed row whose key comes back starts anew', () => {
  const metrics = block();
  const rows = new MetricRows(metrics);
  const row = rows.rowFor(key(1));
  metrics.observe(row, 0, 1, 1);
  metrics.free(row);
  assert.equal(rows.rowFor(key(1)), row);
  assert.deepEqual(metrics.requests(row).buckets, [0, 0]);
  assert.ok(metrics.isUsed(row));
});

test('a worker that starts takes freed rows, too', () => {
  const metrics = block(4);
  const before = new MetricRows(metrics);
  for (const name of [1, 2, 3]) before.rowFor(key(name));
  metrics.free(2);
  const after = new MetricRows(metrics);
  assert.equal(after.rowFor(key(9)), 2);
});

test('header values of clients get a bounded share of the rows; the request itself is counted in any case', () => {
  const metrics = block(64, 32);
  const rows = new MetricRows(metrics);
  const series = new RequestSeries(rows, key(1));
  for (let i = 0; i < 1000; i++) series.observe(7, 0, 0, 0, `value-${i}`);
  const used = Array.from({ length: metrics.end }, (_, row) => row).filter((row) => metrics.isUsed(row));
  const byHeaders = used.filter((row) => metrics.key(row).kind > WITH_HEADER_VALUES);
  assert.equal(byHeaders.length, 64 / 16);
  const [row] = used.filter((each) => !byHeaders.includes(each));
  const { buckets, unlabelled } = metrics.requests(row!);
  assert.deepEqual([buckets, unlabelled], [[1000, 0], 1000 - byHeaders.length]);
  assert.equal(byHeaders.reduce((sum, each) => sum + metrics.value(each), 0) + unlabelled, 1000);
  assert.notEqual(rows.rowFor(key(2)), OVERFLOW_ROW);
});

test('a series that has outlived its revision looks its rows up again', () => {
  const metrics = block();
  const rows = new MetricRows(metrics);
  const series = new RequestSeries(rows, key(1));
  series.observe(0, 0, 0, 0, undefined);
  metrics.free(1);
  assert.equal(rows.rowFor(key(2)), 2);
  series.forgetRows();
  series.observe(0, 0, 0, 0, undefined);
  assert.equal(metrics.key(1).name, 1);
  assert.deepEqual(metrics.requests(1).buckets, [1, 0]);
});

test('header values: cut to their share, no value passes for another, UTF-8 survives', () => {
  const received = Buffer.from('größe', 'utf8').toString('latin1');
  assert.deepEqual(splitHeaderValues(joinHeaderValues(['a', undefined, received], 64)), ['a', '', 'größe']);
  const cut = joinHeaderValues(['x'.repeat(1000), 'y'.repeat(1000)], 64);
  assert.ok(cut.length <= 64);
  assert.deepEqual(splitHeaderValues(cut), ['x'.repeat(31), 'y'.repeat(31)]);
  assert.deepEqual(splitHeaderValues(joinHeaderValues(['\xff'], 64)), ['\ufffd']);
});
