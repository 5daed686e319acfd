// Whatever clients and servers send, a line stays one line, its values stay where they belong, and they can be read back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fuzzRounds } from '../testing/fuzz-rounds.ts';
import type { AccessRecord } from './access-record.ts';
import { ClientText, ConstantText, ServerText } from './constant-text.ts';
import { ATOMIC_BYTES, LINE_MAX_BYTES } from './log-target.ts';
import { headOf, LogUnderTest } from './testing/log-under-test.ts';

/** A round: inputs that the seed decides. */
function check<Value>(seed: number, arbitrary: fc.Arbitrary<Value>, property: (value: Value) => void): void {
  fc.assert(fc.property(arbitrary, property), { numRuns: 100, seed });
}

/** One character a byte, with a liking for what ends values and lines. */
const byteText = (maxLength: number) =>
  fc
    .array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...'abc/?&=%:;, .-') },
        { weight: 2, arbitrary: fc.constantFrom(...'"\\\n\r\t\0\x1b\x7f\x85[]{}') },
        { weight: 1, arbitrary: fc.nat(255).map((code) => String.fromCharCode(code)) },
        { weight: 1, arbitrary: fc.constantFrom('é', '漢', '🌍', '\u2028', '\u0080').map(asBytes) },
      ),
      { maxLength },
    )
    .map((parts) => parts.join(''));

const record = fc.record({
  forwardedFor: byteText(60),
  user: byteText(60),
  host: byteText(60),
  method: byteText(20),
  path: byteText(300),
  query: fc.option(byteText(300), { nil: undefined }),
  ip: byteText(40),
  name: byteText(80),
}) satisfies fc.Arbitrary<Record<string, string | undefined>>;

const header = byteText(200);
const headers = fc.array(header, { maxLength: 5 });

interface Hostile {
  readonly forwardedFor: string;
  readonly user: string;
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly query: string | undefined;
  readonly ip: string;
  readonly name: string;
}

function changesOf({ ip, name, ...values }: Hostile): Partial<AccessRecord> {
  return {
    ...values,
    client: new ClientText(ip, 1),
    router: new ConstantText(name),
    server: new ServerText(name, name, name),
    entryPoint: new ConstantText(name),
  };
}

function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** What a reader of UTF-8 makes of received bytes: each byte that is none is one replacement character. */
function asText(bytes: string): string {
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    let length = 1;
    for (const count of [4, 3, 2]) {
      const piece = Buffer.from(bytes.slice(i, i + count), 'latin1');
      if (bytes.charCodeAt(i) >= 0x80 && piece.length === count && [...decode(piece)].length === 1 && isUtf8(piece))
        length = count;
    }
    const piece = bytes.slice(i, i + length);
    text += length === 1 && piece.charCodeAt(0) >= 0x80 ? '\ufffd' : decode(Buffer.from(piece, 'latin1'));
    i += length;
  }
  return text;
}

function decode(bytes: Buffer): string {
  return bytes.toString('utf8');
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}

function oneLine(written: string): string {
  assert.equal(written.indexOf('\n'), written.length - 1, 'exactly one line end, at the end');
  const line = written.slice(0, -1);
  assert.doesNotMatch(line, /[\0-\x1f\x7f]/, 'no control character');
  return line;
}

test('JSON lines parse, and give back every value', () => {
  const log = new LogUnderTest('{ format: json }');
  const property = (hostile: Hostile) => {
    const bytes = Buffer.from(oneLine(log.write(changesOf(hostile))), 'latin1');
    assert.ok(isUtf8(bytes));
    const line = JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
    const { query, path, name } = hostile;
    assert.equal(line.RequestPath, asText(query === undefined ? path : `${path}?${query}`));
    assert.equal(line.RequestMethod, asText(hostile.method));
    assert.equal(line.RequestAddr, hostile.host === '' ? undefined : asText(hostile.host));
    assert.equal(line.ClientHost, asText(hostile.forwardedFor || hostile.ip));
    assert.equal(line.ClientUsername, hostile.user === '' ? '-' : asText(hostile.user));
    // Names are the configuration's: text, not bytes.
    for (const field of ['RouterName', 'ServiceName', 'ServiceURL', 'ServiceAddr', 'entryPointName']) {
      assert.equal(line[field], name);
    }
    assert.doesNotMatch(bytes.toString('utf8'), /[\u0080-\u009f\u2028\u2029]/);
  };
  fuzzRounds((seed) => check(seed, record, property));
});

test('headers in JSON lines come back, joined by commas', () => {
  const all = new LogUnderTest('{ format: json, fields: { headers: { defaultMode: keep } } }');
  const named = new LogUnderTest('{ format: json, fields: { headers: { names: { X-Hostile: keep } } } }');
  const property = (sides: readonly (readonly string[])[]) => {
    const [request, origin, downstream] = sides.map((values) => values.map((value) => `X-Hostile: ${value}`));
    for (const log of [all, named]) {
      const text = oneLine(log.writeFields(request!, origin, downstream));
      const line = JSON.parse(Buffer.from(text, 'latin1').toString('utf8')) as Record<string, unknown>;
      for (const [index, prefix] of ['request', 'origin', 'downstream'].entries()) {
        const values = sides[index]!;
        assert.equal(line[`${prefix}_X-Hostile`], values.length === 0 ? undefined : asText(values.join(',')));
      }
    }
  };
  fuzzRounds((seed) => check(seed, fc.tuple(headers, headers, headers), property));
});

const COLUMNS =
  /^(\S+) - (\S+) \[([^\]"]+)\] "((?:[^"\\]|\\.)*)" (\d+|-) (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"(?: (\d+|-) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" (\d+)ms)?$/;

/** The bytes behind what a column shows. */
function unescaped(column = ''): string {
  return column.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex, character) =>
    hex === undefined ? character : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

test('lines of columns have their columns, and give back every value', () => {
  const logs = ['common', 'genericCLF'].map(
    (format) => new LogUnderTest(`{ format: ${format}, fields: { headers: { defaultMode: keep } } }`),
  );
  const property = ([hostile, agent]: [Hostile, string]) => {
    for (const [index, log] of logs.entries()) {
      const line = oneLine(log.write(changesOf(hostile)));
      assert.match(line, /^[\x20-\x7e]*$/);
      const columns = COLUMNS.exec(line);
      assert.ok(columns !== null, line);
      const { path, query, method, name } = hostile;
      const target = query === undefined ? path : `${path}?${query}`;
      assert.equal(unescaped(columns[1]), hostile.forwardedFor || hostile.ip || '-');
      assert.equal(unescaped(columns[2]), hostile.user || '-');
      assert.equal(unescaped(columns[4]), `${method || '-'} ${target} HTTP/1.1`);
      const names = index === 0 ? asBytes(name) : '';
      assert.deepEqual([unescaped(columns[10]), unescaped(columns[11])], [names, names]);
      const withAgent = COLUMNS.exec(oneLine(log.writeFields([`User-Agent: ${agent}`])));
      assert.equal(unescaped(withAgent?.[8]), agent || '-');
    }
  };
  fuzzRounds((seed) => check(seed, fc.tuple(record, header), property));
});

const long: fc.Arbitrary<Hostile> = fc
  .tuple(fc.nat(5), fc.integer({ min: 1, max: 60_000 }), byteText(20))
  .map(([which, length, part]) => {
    const value = (part || 'x').repeat(length).slice(0, length);
    const [forwardedFor, user, host, method, path] = [0, 1, 2, 3, 4].map((index) =>
      index === which || which === 5 ? value : 'x',
    ) as [string, string, string, string, string];
    return { forwardedFor, user, host, method, path, query: path, ip: user, name: part.repeat(200) };
  });

test('lines are never longer than a file or a pipe takes at once, whatever they hold', () => {
  const options = 'fields: { headers: { defaultMode: keep } }';
  const logs = [LINE_MAX_BYTES, ATOMIC_BYTES].flatMap((lineMaxBytes) =>
    ['json', 'common'].map((format) => ({
      format,
      lineMaxBytes,
      log: new LogUnderTest(`{ format: ${format}, ${options} }`, lineMaxBytes),
    })),
  );
  const property = ([hostile, value]: [Hostile, string]) => {
    const names = ['User-Agent', 'Referer', ...Array.from({ length: 40 }, (_, index) => `X-${index}`)];
    const head = headOf(names.map((name) => `${name}: ${value.repeat(200)}`));
    for (const { format, lineMaxBytes, log } of logs) {
      const captures = log.log.captures();
      for (const capture of Object.values(captures)) capture?.take(head);
      const { request: requestFields, origin: originFields, downstream: downstreamFields } = captures;
      const text = oneLine(log.write({ ...changesOf(hostile), requestFields, originFields, downstreamFields }));
      assert.ok(text.length < lineMaxBytes, `${text.length} bytes`);
      if (format === 'json') JSON.parse(Buffer.from(text, 'latin1').toString('utf8'));
      else assert.match(text, COLUMNS);
    }
  };
  fuzzRounds((seed) => check(seed, fc.tuple(long, header), property));
});
