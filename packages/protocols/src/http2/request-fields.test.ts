// The fields of a request in HTTP/2 give the same head as a request of HTTP/1 that says the same, and the same error where that is
// refused. Which rules of HTTP/2 itself are broken is tested through the whole data path.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FieldSection } from '../hpack/field-section.ts';
import { HpackDecoder } from '../hpack/hpack-decoder.ts';
import { HpackEncoder } from '../hpack/hpack-encoder.ts';
import { BodyKind, RequestHead } from '../http-head/request-head.ts';
import { DEFAULT_HEAD_LIMITS } from '../http1/head-limits.ts';
import { parseRequestHead } from '../http1/request-head-parser.ts';
import { RequestFault } from './request-fault.ts';
import { takeRequestFields } from './request-fields.ts';

type Fields = readonly (readonly [string, string])[];

interface Asked {
  readonly method?: string;
  readonly target?: string;
  readonly host?: string;
  readonly fields?: Fields;
}

const encoder = new HpackEncoder();
const decoder = new HpackDecoder();
const section = new FieldSection();
const LIMITS = { ...DEFAULT_HEAD_LIMITS, targetBytesMax: 60 };

function byHttp2(fields: Fields, endStream: boolean): { result: number; head: RequestHead } {
  const block = Buffer.alloc(10_000);
  encoder.begin(block, 0, block.length);
  for (const [name, value] of fields) encoder.stringField(name, value);
  const length = encoder.finish();
  assert.ok(decoder.decode(block, 0, length, section, { listMaxBytes: 100_000, fieldsMax: 100 }) >= 0);
  const head = new RequestHead(Buffer.alloc(0));
  return { result: takeRequestFields(section, head, endStream, LIMITS), head };
}

function byHttp1(text: string): { result: number; head: RequestHead } {
  const head = new RequestHead(Buffer.alloc(0));
  const bytes = Buffer.from(text, 'latin1');
  return { result: parseRequestHead(head, bytes, 0, bytes.length, LIMITS), head };
}

function both({ method = 'GET', target = '/', host = 'h', fields = [] }: Asked) {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const pseudo = [
    [':method', method],
    [':scheme', 'http'],
    [':authority', host],
    [':path', target],
  ] as const;
  const one = byHttp1(`${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines}\r\n`);
  return { one, two: byHttp2([...pseudo, ...fields], false) };
}

function facts({ method, path, query, host, target, expectContinue }: RequestHead) {
  return { method, path, query, host, target, expectContinue };
}

describe('takeRequestFields', () => {
  const same: readonly Asked[] = [
    {},
    { method: 'PATCH', target: '/a%2Fb//../c?d=e?f&', host: 'Example.ORG:8080' },
    { target: '/?', host: '[::1]:80' },
    { method: 'OPTIONS', target: '*' },
    { target: `/${'x'.repeat(59)}` },
    { target: "/!$&'()*+,;=:@~|^{}" },
    {
      method: 'x-custom',
      fields: [
        ['a', 'b'],
        ['a', 'c'],
        ['content-type', 'text/plain'],
      ],
    },
    {
      method: 'PUT',
      fields: [
        ['content-length', '007'],
        ['expect', '100-Continue'],
      ],
    },
  ];
  for (const asked of same) {
    it(`takes ${JSON.stringify(asked).slice(0, 80)} as HTTP/1 does`, () => {
      const { one, two } = both(asked);
      assert.ok(one.result > 0);
      assert.equal(two.result, 0);
      assert.deepEqual(facts(two.head), facts(one.head));
      for (const [name] of asked.fields ?? []) assert.deepEqual(two.head.getAll(name), one.head.getAll(name));
      two.head.retainHead();
      section.bytes.fill(0x21);
      assert.deepEqual(facts(two.head), facts(one.head));
      for (const [name] of asked.fields ?? []) assert.deepEqual(two.head.getAll(name), one.head.getAll(name));
    });
  }

  const refused: readonly Asked[] = [
    { target: '/a#b' },
    { target: '/\xe4' },
    { target: '*' },
    { target: 'x' },
    { target: `/${'x'.repeat(60)}` },
    { host: 'a b' },
    { host: 'a@b' },
    { host: 'h:123456' },
    { host: '[::1' },
    {
      fields: [
        ['content-length', '1'],
        ['content-length', '1'],
      ],
    },
    { fields: [['content-length', '-1']] },
    { fields: [['content-length', '99999999999999999999']] },
    { fields: [['expect', 'more']] },
  ];
  for (const asked of refused) {
    it(`refuses ${JSON.stringify(asked).slice(0, 80)} as HTTP/1 does`, () => {
      const { one, two } = both(asked);
      assert.ok(one.result < 0);
      assert.equal(two.result, one.result);
    });
  }

  const base: Fields = [
    [':method', 'POST'],
    [':scheme', 'https'],
    [':authority', 'h'],
    [':path', '/'],
  ];

  it('tells by END_STREAM and the length what body there is', () => {
    assert.equal(byHttp2(base, true).head.bodyKind, BodyKind.NONE);
    assert.equal(byHttp2(base, false).head.bodyKind, BodyKind.UNTIL_CLOSE);
    const { head } = byHttp2([...base, ['content-length', '5']], false);
    assert.deepEqual([head.bodyKind, head.bodyBytes], [BodyKind.LENGTH, 5]);
    assert.equal(byHttp2([...base, ['content-length', '0']], false).head.bodyKind, BodyKind.NONE);
    assert.equal(byHttp2([...base, ['content-length', '0']], true).result, 0);
    assert.equal(byHttp2([...base, ['content-length', '5']], true).result, RequestFault.MALFORMED);
  });

  it('makes a GET with Upgrade of CONNECT for a WebSocket, and nothing of other protocols', () => {
    const connect = (protocol: string): Fields => [[':method', 'CONNECT'], [':protocol', protocol], ...base.slice(1)];
    const { result, head } = byHttp2(connect('websocket'), false);
    assert.deepEqual(
      [result, head.method, head.path, head.upgrade, head.bodyKind],
      [0, 'GET', '/', true, BodyKind.NONE],
    );
    assert.equal(byHttp2(connect('connect-udp'), false).result, RequestFault.UNKNOWN_PROTOCOL);
  });
});
