import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricKind } from './metric-kind.ts';
import { HISTOGRAM_BOUNDS_MAX, MetricsBlock, type MetricsBlockShape, type RowKey } from './metrics-block.ts';
import { nameHash } from './name-hash.ts';
import { METHOD_LABELS, PROTOCOL_LABELS, readLabels, requestLabels, withCode } from './request-labels.ts';

const SHAPE: MetricsBlockShape = { rows: 8, bounds: [0.1, 0.3, 1.2, 5], textBytes: 0 };

function block(shape = SHAPE): MetricsBlock {
  return MetricsBlock.create(new ArrayBuffer(MetricsBlock.byteLength(shape)), shape);
}

function key(part: Partial<RowKey> = {}): RowKey {
  const name = nameHash('web');
  return { kind: MetricKind.ENTRY_POINT_REQUESTS, name, other: 0, labels: 0, text: '', ...part };
}

test('a value equal to a bound belongs to its bucket, one above the last bound to the one without', () => {
  const metrics = block();
  metrics.claim(1, key());
  for (const seconds of [0, 0.1, 0.100001, 1.2, 5, 5.1, 1e9]) metrics.observe(1, seconds, 10, 100);
  const { buckets, requestBytes, responseBytes, seconds, unlabelled } = metrics.requests(1);
  assert.deepEqual(buckets, [2, 1, 1, 1, 2]);
  assert.deepEqual([requestBytes, responseBytes, unlabelled], [70, 700, 0]);
  assert.ok(Math.abs(seconds - (0.1 + 0.100001 + 1.2 + 5 + 5.1 + 1e9)) < 1e-3);
});

test('another view of the same memory sees shape, keys and values', () => {
  const shape = { ...SHAPE, textBytes: 16 };
  const memory = new ArrayBuffer(MetricsBlock.byteLength(shape));
  const writer = MetricsBlock.create(memory, shape);
  const wanted = key({ other: nameHash('app@file'), labels: withCode(requestLabels('GET', 2), 503), text: 'a\nb' });
  writer.claim(3, wanted);
  writer.observe(3, 0.2, 1, 2);
  writer.addUnlabelled(3);
  const reader = new MetricsBlock(memory);
  assert.deepEqual([reader.rows, [...reader.bounds], reader.textBytes, reader.end], [8, shape.bounds, 16, 4]);
  assert.deepEqual(
    [1, 2, 3, 4].map((row) => reader.isUsed(row)),
    [false, false, true, false],
  );
  assert.deepEqual(reader.key(3), wanted);
  const values = { buckets: [0, 1, 0, 0, 0], seconds: 0.2, requestBytes: 1, responseBytes: 2, unlabelled: 1 };
  assert.deepEqual(reader.requests(3), values);
});

test('rows do not touch each other, whatever is in them', () => {
  for (const shape of [SHAPE, { rows: 8, bounds: [], textBytes: 0 }, { rows: 8, bounds: [1, 2, 3], textBytes: 100 }]) {
    const metrics = block(shape);
    for (let row = 1; row < shape.rows; row++) metrics.claim(row, key({ name: row, text: 'x'.repeat(1000) }));
    for (let row = 1; row < shape.rows; row++) {
      for (let i = 0; i < row; i++) metrics.observe(row, 1e6, row, 1);
      metrics.addUnlabelled(row);
    }
    for (let row = 1; row < shape.rows; row++) {
      assert.equal(metrics.key(row).name, row);
      assert.equal(metrics.key(row).text, 'x'.repeat(shape.textBytes));
      const { buckets, requestBytes, unlabelled } = metrics.requests(row);
      assert.deepEqual([buckets.at(-1), requestBytes, unlabelled], [row, row * row, 1]);
    }
  }
});

test('a freed row is announced, and zero when it is claimed again', () => {
  const metrics = block();
  metrics.claim(1, key());
  metrics.observe(1, 9, 9, 9);
  const before = metrics.freed;
  metrics.free(1);
  assert.notEqual(metrics.freed, before);
  assert.equal(metrics.isUsed(1), false);
  metrics.claim(1, key({ name: 7 }));
  const nothing = { buckets: [0, 0, 0, 0, 0], seconds: 0, requestBytes: 0, responseBytes: 0, unlabelled: 0 };
  assert.deepEqual(metrics.requests(1), nothing);
  assert.equal(metrics.key(1).name, 7);
});

test('a block of another layout is refused', () => {
  const memory = new ArrayBuffer(MetricsBlock.byteLength(SHAPE));
  assert.throws(() => new MetricsBlock(memory), /layout version 0, expected 2/);
});

test('as many bounds as fit in the header', () => {
  const bounds = Array.from({ length: HISTOGRAM_BOUNDS_MAX }, (_, index) => index + 1);
  const metrics = block({ rows: 2, bounds, textBytes: 0 });
  metrics.claim(1, key());
  metrics.observe(1, 1e9, 0, 0);
  assert.deepEqual([...metrics.bounds], bounds);
  assert.equal(metrics.requests(1).buckets.at(-1), 1);
});

test('every label survives packing; what nobody knows becomes one label', () => {
  for (const method of METHOD_LABELS) {
    for (const [protocol, name] of PROTOCOL_LABELS.entries()) {
      for (const code of [0, 1, 200, 999]) {
        const labels = withCode(requestLabels(method, protocol), code);
        assert.deepEqual(readLabels(labels), { code: String(code), method, protocol: name });
      }
    }
  }
  for (const method of ['get', 'PROPFIND', '', '__proto__', 'constructor']) {
    assert.equal(readLabels(requestLabels(method, 0)).method, 'EXTENSION_METHOD');
  }
  for (const code of [-1, 1000, 1e9, Number.NaN]) assert.equal(readLabels(withCode(0, code)).code, '0');
});

test('name hashes are exact integers, stable, and differ', () => {
  const names = Array.from({ length: 2000 }, (_, index) => `service-${index}@file`);
  const hashes = names.map(nameHash);
  assert.ok(hashes.every((each) => Number.isSafeInteger(each) && each > 0));
  assert.equal(new Set(hashes).size, names.length);
  assert.deepEqual(names.map(nameHash), hashes);
});
