import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { durationSchema, parseDuration } from './duration.ts';
import { stringListSchema } from './lists.ts';
import { cidrListSchema, isIpOrCidr, parseEntryPointAddress } from './network.ts';
import { lenientBoolean, lenientInteger } from './scalars.ts';

test('durations: Go strings and seconds', () => {
  const cases: readonly (readonly [string | number, number | undefined])[] = [
    ['1h2m3.5s', 3_723_500],
    ['300ms', 300],
    ['2us', 0.002],
    ['2µs', 0.002],
    ['2μs', 0.002],
    ['.5s', 500],
    ['1.s', 1_000],
    ['-1m', -60_000],
    ['+1m', 60_000],
    ['0', 0],
    ['15', 15_000],
    [15, 15_000],
    [' 3s ', 3_000],
    ['', undefined],
    ['1', 1_000],
    ['1.5', undefined],
    [1.5, undefined],
    ['1d', undefined],
    ['s', undefined],
    ['1 s', undefined],
    ['1s-', undefined],
    ['never', undefined],
    ['300000h', 1_080_000_000_000],
    ['3000000h', undefined], // more than 292 years
    [`${'1h'.repeat(40)}`, undefined],
  ];
  for (const [text, expected] of cases) assert.equal(parseDuration(text), expected, String(text));
});

test('durations: every sum of parts is read back', () => {
  const part = fc.tuple(
    fc.nat({ max: 500 }),
    fc.constantFrom(['h', 3_600_000], ['m', 60_000], ['s', 1_000], ['ms', 1]),
  );
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const text = parts.map(([amount, [unit]]) => `${amount}${unit}`).join('');
      const expected = parts.reduce((sum, [amount, [, ms]]) => sum + amount * Number(ms), 0);
      assert.equal(parseDuration(text), expected);
    }),
  );
});

test('durations: bounds and defaults', () => {
  const schema = durationSchema({ minMs: 1, maxMs: 2_000 }).prefault('1s');
  assert.equal(schema.parse(undefined), 1_000);
  assert.match(schema.safeParse(0).error!.issues[0]!.message, /at least 1ms/);
  assert.match(schema.safeParse('3s').error!.issues[0]!.message, /at most 2000ms/);
  assert.match(schema.safeParse(true).error!.issues[0]!.message, /must be a duration/);
  assert.equal(durationSchema().safeParse('-1s').success, false);
  assert.equal(durationSchema({ minMs: Number.NEGATIVE_INFINITY }).parse('-1s'), -1_000);
});

test('scalars and lists', () => {
  assert.deepEqual(
    ['1', 't', 'TRUE', true].map((each) => lenientBoolean().parse(each)),
    [true, true, true, true],
  );
  assert.deepEqual(
    ['0', 'False', false].map((each) => lenientBoolean().parse(each)),
    [false, false, false],
  );
  for (const bad of ['yes', 'on', 'tRUE', 2, null]) assert.equal(lenientBoolean().safeParse(bad).success, false);
  assert.equal(lenientInteger().parse('-12'), -12);
  for (const bad of ['1.5', '', '0x10', 2.5, '9'.repeat(30)]) {
    assert.equal(lenientInteger({ max: 1_000 }).safeParse(bad).success, false, String(bad));
  }
  assert.deepEqual(stringListSchema().parse(' a, b,,c '), ['a', 'b', 'c']);
  assert.deepEqual(stringListSchema().parse(['a, b']), ['a, b']);
});

test('addresses and networks', () => {
  for (const good of ['10.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32', '::ffff:1.2.3.4', '0.0.0.0/0']) {
    assert.ok(isIpOrCidr(good), good);
  }
  for (const bad of [
    '',
    '10.1',
    '10.0.0.0/33',
    '::/129',
    'fe80::1%eth0',
    'a.b',
    '1.2.3.4/',
    '1.2.3.4/x',
    '0x7f.1.1.1',
  ]) {
    assert.ok(!isIpOrCidr(bad), bad);
  }
  assert.deepEqual(cidrListSchema().parse('10.0.0.0/8, ::1'), ['10.0.0.0/8', '::1']);
});

test('entry point addresses', () => {
  assert.deepEqual(parseEntryPointAddress(':80'), { host: '', port: 80, protocol: 'tcp' });
  assert.deepEqual(parseEntryPointAddress('[::1]:8080/TCP'), { host: '::1', port: 8080, protocol: 'tcp' });
  assert.deepEqual(parseEntryPointAddress('localhost:53/udp'), { host: 'localhost', port: 53, protocol: 'udp' });
  for (const bad of [
    '80',
    ':',
    ':x',
    ':70000',
    '::1:80',
    '[::g]:80',
    'a b:80',
    ':80/sctp',
    '300.1.1.1:80',
    'http://a:80',
  ]) {
    assert.equal(typeof parseEntryPointAddress(bad), 'string', bad);
  }
});
