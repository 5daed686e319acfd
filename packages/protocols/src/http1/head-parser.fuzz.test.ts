// Properties and fuzzing of both head parsers: what a serialiser writes comes back, no split changes a result, hostile
// bytes never make them throw, hang or look outside their range. FUZZ_SECONDS sets the time of each fuzz test.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RequestHead } from '../http-head/request-head.ts';
import { ResponseHead } from '../http-head/response-head.ts';
import { HeadError } from './head-error.ts';
import { DEFAULT_HEAD_LIMITS, type HeadLimits } from './head-limits.ts';
import { parseRequestHead } from './request-head-parser.ts';
import { parseResponseHead } from './response-head-parser.ts';
import { fieldPairs, fuzzBudgetMs, guarded, kindName } from './test-support.ts';

const TOKEN = fc.string({ unit: fc.constantFrom(..."abcXYZ019-_.!#$%&'*+^`|~"), minLength: 1, maxLength: 12 });
const VALUE_CHARACTER = fc.oneof(fc.constantFrom(...'abc XYZ,;=:/"()\t'), fc.constantFrom('\x80', '\xff', '\xa0'));
const VALUE = fc.string({ unit: VALUE_CHARACTER, maxLength: 40 }).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));
const OWS = fc.constantFrom('', ' ', '\t', '  \t ');
const PATH = fc.string({ unit: fc.constantFrom(...'/abc.-~%;:@&=+$,\\"<>'), maxLength: 30 }).map((text) => `/${text}`);
const QUERY = fc.option(fc.string({ unit: fc.constantFrom(...'abc?/=&;%'), maxLength: 20 }), { nil: undefined });
const FIELD_LINE = fc.tuple(
  TOKEN.map((name) => `x-${name}`),
  OWS,
  VALUE,
  OWS,
);
const FIELD_LINES = fc.array(FIELD_LINE, { maxLength: 20 });

type FieldLine = readonly [string, string, string, string];
const serialise = (lines: readonly FieldLine[]): string =>
  lines.map(([name, before, value, after]) => `${name}:${before}${value}${after}\r\n`).join('');

interface Parser<H extends RequestHead | ResponseHead> {
  readonly head: H;
  parse(bytes: Buffer, start: number, end: number, limits: HeadLimits): number;
}

function requestParser(): Parser<RequestHead> {
  const head = new RequestHead(Buffer.alloc(0));
  return { head, parse: (bytes, start, end, limits) => parseRequestHead(head, bytes, start, end, limits) };
}

function responseParser(): Parser<ResponseHead> {
  const head = new ResponseHead(Buffer.alloc(0));
  return { head, parse: (bytes, start, end, limits) => parseResponseHead(head, bytes, start, end, limits) };
}

/** Every prefix gives 0 or what the whole gives, at different alignments; returns what the whole gives. */
function checkPrefixes(parser: Parser<RequestHead | ResponseHead>, text: string, limits: HeadLimits): number {
  const whole = guarded(text, '');
  const expected = parser.parse(whole.bytes, whole.start, whole.end, limits);
  assert.ok(expected >= HeadError.TRAILERS_TOO_LARGE && expected <= text.length);
  if (expected > 0) checkRanges(parser.head, text.length);
  for (let length = 0; length < text.length; length++) {
    const part = guarded(text.slice(0, length), '\r\n\r\n'.slice(0, length % 4));
    const result = parser.parse(part.bytes, part.start, part.end, limits);
    if (expected > 0 && length < expected) assert.equal(result, 0, `prefix ${length} of ${JSON.stringify(text)}`);
    else assert.ok(result === 0 || result === expected, `prefix ${length} of ${JSON.stringify(text)}: ${result}`);
  }
  return expected;
}

function checkRanges(head: RequestHead | ResponseHead, end: number): void {
  let previous = head.headOffset;
  for (let index = 0; index < head.count; index++) {
    const [name, nameLength, value, valueLength] = head.fields.subarray(index * 5, index * 5 + 4);
    assert.ok(name >= previous && nameLength > 0 && value > name + nameLength && valueLength >= 0);
    previous = value + valueLength;
  }
  assert.ok(previous <= end && head.headOffset + head.headLength <= end);
}

describe('differential', () => {
  it('a serialised request is parsed back', () => {
    const parser = requestParser();
    fc.assert(
      fc.property(TOKEN, PATH, QUERY, fc.constantFrom('0', '1'), FIELD_LINES, (method, path, query, minor, lines) => {
        if (method === 'CONNECT') return;
        const target = query === undefined ? path : `${path}?${query}`;
        const text = `${method} ${target} HTTP/1.${minor}\r\nHost: h\r\n${serialise(lines)}\r\n`;
        const { bytes, start, end } = guarded(text);
        assert.equal(parser.parse(bytes, start, end, DEFAULT_HEAD_LIMITS), text.length);
        const head = parser.head;
        assert.deepEqual([head.method, head.path, head.query, head.minorVersion], [method, path, query, Number(minor)]);
        assert.equal(head.target, target);
        const expected = lines.map(([name, , value]) => [name.toLowerCase(), value]);
        assert.deepEqual(fieldPairs(head), [['host', 'h'], ...expected]);
      }),
    );
  });

  it('a serialised response is parsed back', () => {
    const parser = responseParser();
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), VALUE, fc.nat(), FIELD_LINES, (status, reason, length, lines) => {
        const text = `HTTP/1.1 ${status} ${reason}\r\nContent-Length: ${length}\r\n${serialise(lines)}\r\n`;
        const { bytes, start, end } = guarded(text);
        assert.equal(parser.parse(bytes, start, end, DEFAULT_HEAD_LIMITS), text.length);
        const head = parser.head;
        assert.equal(head.status, status);
        assert.equal(bytes.latin1Slice(head.reasonOffset, head.reasonOffset + head.reasonLength), reason);
        assert.deepEqual([kindName(head.bodyKind), head.bodyBytes], ['LENGTH', length]);
        const expected = lines.map(([name, , value]) => [name.toLowerCase(), value]);
        assert.deepEqual(fieldPairs(head).slice(1), expected);
      }),
    );
  });
});

const REQUEST = [
  'GET /a/b?c=d HTTP/1.1\r\nHost: example.com:80\r\nUser-Agent: x y\tz\r\nConnection: keep-alive, Upgrade\r\n',
  'Upgrade: websocket\r\nContent-Length: 12\r\nX-Forwarded-For: 1.2.3.4\r\nAccept:*/*\r\n\r\n',
].join('');
const RESPONSE =
  'HTTP/1.1 200 Fine enough\r\nContent-Length: 5\r\nSet-Cookie: a=b\r\nConnection: close\r\nDate: now \r\n\r\n';

const FRAGMENTS = [
  '\r\n',
  '\r',
  '\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  '\xff',
  '\x7f',
  'GET ',
  '/',
  '*',
  '?',
  '#',
  'http://',
  '@',
  '[::1]',
  '%',
  ' HTTP/1.1\r\n',
  ' HTTP/1.0\r\n',
  ' HTTP/2.0\r\n',
  'Host: a\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 00',
  '5, 5',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: ',
  'chunked',
  'Expect: 100-continue\r\n',
  'Expect: x\r\n',
  'Connection: close\r\n',
  'Connection: ',
  'upgrade',
  ' folded',
  '\r\n\r\n',
  'X',
  'x-abcdefgh',
  'OPTIONS ',
  'CONNECT ',
];

/** A valid head with some ranges replaced by fragments, or a heap of fragments. */
function hostileText(seed: string): fc.Arbitrary<string> {
  const edit = fc.tuple(
    fc.nat(seed.length),
    fc.nat(4),
    fc.oneof(fc.constantFrom(...FRAGMENTS), fc.string({ unit: 'binary-ascii', maxLength: 3 })),
  );
  const mutated = fc
    .array(edit, { minLength: 1, maxLength: 4 })
    .map((edits) =>
      edits.reduce((text, [at, removed, inserted]) => text.slice(0, at) + inserted + text.slice(at + removed), seed),
    );
  return fc.oneof(
    mutated,
    fc.array(fc.constantFrom(...FRAGMENTS), { maxLength: 14 }).map((parts) => parts.join('')),
  );
}

const LIMITS = fc.oneof(
  fc.constant(DEFAULT_HEAD_LIMITS),
  fc.record({ headBytesMax: fc.integer({ min: 1, max: 300 }), fieldsMax: fc.nat(10), targetBytesMax: fc.nat(20) }),
);

describe('any split of the bytes gives the same result', () => {
  it('for valid heads, one byte at a time', () => {
    assert.equal(checkPrefixes(requestParser(), REQUEST, DEFAULT_HEAD_LIMITS), REQUEST.length);
    assert.equal(checkPrefixes(responseParser(), RESPONSE, DEFAULT_HEAD_LIMITS), RESPONSE.length);
  });

  it('for hostile request heads (fuzz)', () => {
    const parser = requestParser();
    fc.assert(
      fc.property(hostileText(REQUEST), LIMITS, (text, limits) => {
        checkPrefixes(parser, text, limits);
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
  });

  it('for hostile response heads (fuzz)', () => {
    const parser = responseParser();
    fc.assert(
      fc.property(hostileText(RESPONSE), LIMITS, (text, limits) => {
        checkPrefixes(parser, text, limits);
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
  });
});

/** Reads a request head the slow way; undefined when it is not one this strict grammar accepts. */
function referenceParse(text: string): [string, string][] | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const lines = text.slice(0, end).split('\r\n');
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+ [!-"$-~]+ HTTP\/1\.[01]$/.test(lines[0])) return undefined;
  const fields: [string, string][] = [];
  for (const line of lines.slice(1)) {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([\t -~\x80-\xff]*)$/.exec(line);
    if (match === null) return undefined;
    fields.push([match[1].toLowerCase(), match[2].replace(/[ \t]+$/, '')]);
  }
  return fields;
}

describe('against a reader made of regular expressions (fuzz)', () => {
  it('accepts nothing the grammar refuses, and reads the same fields', () => {
    const parser = requestParser();
    let accepted = 0;
    fc.assert(
      fc.property(hostileText(REQUEST), (text) => {
        const { bytes, start, end } = guarded(text);
        const result = parser.parse(bytes, start, end, DEFAULT_HEAD_LIMITS);
        const expected = referenceParse(text.startsWith('\r\n') ? text.slice(2) : text);
        if (result > 0) {
          accepted++;
          assert.ok(expected !== undefined, JSON.stringify(text));
          assert.deepEqual(fieldPairs(parser.head), expected);
        } else if (expected !== undefined) {
          // Well formed line by line: only what fields and target mean may be the reason.
          assert.ok(result <= HeadError.BAD_TARGET && result >= HeadError.UNKNOWN_EXPECT, JSON.stringify(text));
        }
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
    assert.ok(accepted > 0, 'some mutations stay valid');
  });
});
