// What the encoder chooses: static and dynamic entries, what it keeps and what never; sizes of the table; room; fields of heads.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FIELD_NAMES, Field } from '../http-head/field-id.ts';
import { HeaderTable } from '../http-head/header-table.ts';
import { encodeFields } from './encode-fields.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder, Indexing } from './hpack-encoder.ts';
import { Pseudo } from './pseudo-field.ts';
import { STATIC_FIELDS } from './static-table.ts';
import { decodeBlock, encodeBlock, type Fields, tableFields } from './test-support.ts';

function encodedHex(encoder: HpackEncoder, fields: Fields, indexing?: number): string {
  return encodeBlock(encoder, fields, indexing).toString('hex');
}

/** First byte of the block of this one field: which representation it is. */
function representation(encoder: HpackEncoder, name: string, value: string, indexing?: number): string {
  const [first] = encodeBlock(encoder, [[name, value]], indexing);
  if (first >= 0x80) return first >= 0xbe ? 'dynamic' : 'static';
  return first >= 0x40 ? 'with indexing' : first >= 0x20 ? 'size update' : first >= 0x10 ? 'never' : 'without';
}

describe('static entries', () => {
  it('every one is found by name and value', () => {
    const seen = new Set<string>();
    STATIC_FIELDS.forEach(([name, value], index) => {
      if (['authorization', 'proxy-authorization', 'cookie', 'set-cookie'].includes(name)) return;
      assert.equal(encodedHex(new HpackEncoder(), [[name, value]]), (0x80 | (index + 1)).toString(16));
      seen.add(name);
    });
    assert.equal(seen.size, 48);
  });

  it('status codes, the seven and others', () => {
    const encoder = new HpackEncoder();
    const buffer = Buffer.alloc(100);
    const block = (status: number) => {
      encoder.begin(buffer, 0, 100);
      encoder.status(status);
      return Buffer.from(buffer.subarray(0, encoder.finish()));
    };
    for (const status of [100, 200, 204, 206, 299, 301, 304, 400, 404, 431, 500, 503, 999]) {
      const { section } = decodeBlock(new HpackDecoder(), block(status));
      assert.equal(section.pseudoValue(Pseudo.STATUS), `${status}`);
    }
    assert.equal(block(404).toString('hex'), '8d');
    assert.equal(block(503).length, 1, 'the second time');
  });
});

describe('the dynamic table', () => {
  it('takes fields at once whose values repeat', () => {
    const encoder = new HpackEncoder();
    assert.equal(representation(encoder, 'content-type', 'text/html'), 'with indexing');
    assert.equal(representation(encoder, 'content-type', 'text/html'), 'dynamic');
    assert.equal(representation(encoder, 'Content-Type', 'text/css'), 'with indexing');
    assert.deepEqual(tableFields(encoder.table), [
      ['content-type', 'text/css'],
      ['content-type', 'text/html'],
    ]);
  });

  it('takes others when they come again', () => {
    const encoder = new HpackEncoder();
    assert.equal(representation(encoder, 'content-length', '10'), 'without');
    assert.equal(representation(encoder, 'content-length', '11'), 'without');
    assert.equal(representation(encoder, 'content-length', '10'), 'with indexing');
    assert.equal(representation(encoder, 'content-length', '10'), 'dynamic');
  });

  it('takes a new name when it comes again, and then only values that do', () => {
    const encoder = new HpackEncoder();
    const kinds = ['1', '2', '3', '4', '4', '4'].map((value) => representation(encoder, 'x-request-id', value));
    assert.deepEqual(kinds, ['without', 'with indexing', 'without', 'without', 'with indexing', 'dynamic']);
    assert.equal(encodeBlock(encoder, [['x-request-id', '5']]).length, 4, 'the name is an index of two bytes');
  });

  it('takes what the caller wants, at once or not at all', () => {
    const encoder = new HpackEncoder();
    assert.equal(representation(encoder, 'x-a', '1', Indexing.ALWAYS), 'with indexing');
    assert.equal(representation(encoder, 'x-a', '1'), 'dynamic');
    for (let i = 0; i < 3; i++) assert.equal(representation(encoder, 'server', 's', Indexing.WITHOUT), 'without');
    for (let i = 0; i < 3; i++) assert.equal(representation(encoder, 'x-a', '1', Indexing.NEVER), 'never');
  });

  it('does not take what would push half of it out', () => {
    const encoder = new HpackEncoder();
    for (let i = 0; i < 3; i++) assert.equal(representation(encoder, 'vary', 'x'.repeat(2013)), 'without');
    assert.equal(representation(encoder, 'vary', 'x'.repeat(2012)), 'with indexing');
  });

  it('holds all of what every message has, from the third on, whatever the names', () => {
    for (let set = 0; set < 100; set++) {
      const encoder = new HpackEncoder();
      const fields: Fields = Array.from({ length: 20 }, (_, index) => [`x-${set}-${index * 7}`, `value-${index % 5}`]);
      const lengths = [1, 2, 3, 4].map(() => encodeBlock(encoder, fields).length);
      assert.ok(lengths[0]! > 200);
      assert.deepEqual(lengths.slice(2), [20, 20], `set ${set}`);
      assert.equal(encoder.table.inserted, 20);
    }
  });

  it('finds nothing that has been evicted', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 300; i++) {
        const fields: Fields = [
          ['cache-control', `max-age=${i}`],
          [`x-name-${i % 90}`, `${i}`],
        ];
        assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, fields)).fields, fields);
        assert.deepEqual(tableFields(encoder.table), tableFields(decoder.table));
      }
    }
    assert.ok(encoder.table.count > 50 && encoder.table.sizeBytes <= 4096);
  });
});

describe('secrets', () => {
  const NEVER = [
    ...['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'Set-Cookie', 'x-api-key', 'X-Auth-Token'],
    ...['x-csrf-token', 'x-amz-security-token', 'token', 'x-session', 'client_secret', 'password', 'x_api-key'],
  ];

  it('are never indexed, whatever is asked for', () => {
    for (const name of NEVER) {
      const encoder = new HpackEncoder();
      for (const indexing of [Indexing.AUTO, Indexing.ALWAYS, Indexing.WITHOUT, Indexing.NEVER]) {
        for (let i = 0; i < 3; i++) assert.equal(representation(encoder, name, 'geheim', indexing), 'never', name);
      }
      assert.equal(encoder.table.count, 0);
    }
  });

  it('are not suspected everywhere', () => {
    for (const name of ['x-tokens', 'keys', 'mytoken', 'author', 'x-', 'sec-websocket-key', 'cookies']) {
      assert.equal(representation(new HpackEncoder(), name, 'v'), 'without', name);
    }
  });

  it('are marked in what a decoder sees', () => {
    const block = encodeBlock(new HpackEncoder(), [
      ['authorization', 'Basic x'],
      ['server', 's'],
    ]);
    const { section } = decodeBlock(new HpackDecoder(), block);
    assert.deepEqual([...section.neverIndexed.subarray(0, 2)], [1, 0]);
  });
});

describe('strings', () => {
  it('take the shorter form, the plain one when both are alike', () => {
    assert.match(encodedHex(new HpackEncoder(0), [['x', 'aaaaaaaa']]), /0001788518c6318c63$/);
    assert.match(encodedHex(new HpackEncoder(0), [['age', '{}{}']]), /047b7d7b7d$/);
    assert.match(encodedHex(new HpackEncoder(0), [['age', '307']]), /03333037$/);
  });

  it('may be long', () => {
    for (const length of [126, 127, 128, 254, 255, 256, 16_511, 16_512, 60_000]) {
      for (const character of ['a', '~']) {
        const fields: Fields = [['x'.repeat(length), character.repeat(length)]];
        const decoded = decodeBlock(new HpackDecoder(), encodeBlock(new HpackEncoder(), fields), {
          listMaxBytes: 1_000_000,
          fieldsMax: 10,
        });
        assert.deepEqual(decoded.fields, fields);
      }
    }
  });

  it('that could not stand in a message are refused', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const bad: Fields = [
      ['', 'v'],
      ['a b', 'v'],
      ['a:', 'v'],
      ['a\u0141', 'v'],
      ['n', 'a\r\nb'],
      ['n', '\0'],
      ['n', '\u0141'],
    ];
    for (const [name, value] of bad) {
      const fields: Fields = [
        ['server', name],
        ['x-name', 'v'],
      ];
      assert.throws(() => encodeBlock(encoder, [...fields, [name, value]]), RangeError);
      // The block that was given up has left no trace.
      const good: Fields = [
        ['server', 's'],
        ['x-name', 'v'],
      ];
      assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, good)).fields, good);
      assert.deepEqual(tableFields(encoder.table), tableFields(decoder.table));
    }
    const buffer = Buffer.from('a b');
    encoder.begin(buffer, 0, 3);
    assert.throws(() => encoder.rangeField(buffer, 0, 3, 0, 1, Field.OTHER), RangeError);
    assert.throws(() => encoder.rangeField(buffer, 0, 0, 0, 1, Field.OTHER), RangeError);
  });
});

describe('sizes of the table', () => {
  it('our own bound is announced when it is below the one of the protocol', () => {
    const encoder = new HpackEncoder(1000);
    assert.equal(encodedHex(encoder, []), '3fc907');
    assert.equal(encodedHex(encoder, []), '');
    encoder.setPeerTableLimit(0xffffffff);
    assert.equal(encodedHex(encoder, []), '');
    const without = new HpackEncoder(0);
    assert.equal(encodedHex(without, [['server', 's']]).slice(0, 2), '20');
    assert.equal(representation(without, 'server', 's', Indexing.ALWAYS), 'without');
  });

  it('a larger one is used when the peer allows it', () => {
    const encoder = new HpackEncoder(65_536);
    assert.equal(encodedHex(encoder, []), '');
    assert.equal(encoder.table.limitBytes, 4096);
    encoder.setPeerTableLimit(1_000_000);
    assert.equal(encodedHex(encoder, []), '3fe1ff03');
    assert.equal(encoder.table.limitBytes, 65_536);
  });

  it('the lowest of several and the last are announced', () => {
    const encoder = new HpackEncoder();
    for (const bytes of [1000, 0, 500, 2000]) encoder.setPeerTableLimit(bytes);
    assert.equal(encodedHex(encoder, []), '203fb10f');
    encoder.setPeerTableLimit(2000);
    assert.equal(encodedHex(encoder, []), '');
    encoder.setPeerTableLimit(100);
    encoder.setPeerTableLimit(50);
    assert.equal(encodedHex(encoder, []), '3f13');
    assert.throws(() => new HpackEncoder(65_537), RangeError);
  });

  it('what does not fit any more is evicted with the announcement', () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const fields: Fields = [
      ['server', 's'],
      ['vary', 'v'],
    ];
    assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, fields)).fields, fields);
    encoder.setPeerTableLimit(40);
    encoder.setPeerTableLimit(4096);
    assert.equal(encoder.table.count, 2);
    decoder.setTableLimit(40);
    decoder.setTableLimit(4096);
    assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, fields)).fields, fields);
    assert.deepEqual(tableFields(encoder.table), tableFields(decoder.table));
    assert.equal(encoder.table.limitBytes, 4096);
  });
});

describe('room', () => {
  const FIELDS: Fields = [
    [':status', '302'],
    ['server', 'nginx'],
    ['x-long', '~'.repeat(200)],
    ['cookie', 'a=b'],
    ['etag', '"1"'],
  ];

  it('exactly as much as needed is enough; less is -1, nothing is written outside, and the next block is right', () => {
    const needed = encodeBlock(new HpackEncoder(), FIELDS).length;
    for (let room = 0; room <= needed; room++) {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder();
      const first: Fields = [
        ['server', 'nginx'],
        ['via', 'x'],
      ];
      assert.deepEqual(decodeBlock(decoder, encodeBlock(encoder, first)).fields, first);
      const buffer = Buffer.alloc(needed + 20, 0xaa);
      const outcome = tryEncode(encoder, buffer, 7, 7 + room);
      assert.ok(buffer.subarray(0, 7).every((byte) => byte === 0xaa));
      assert.ok(
        buffer.subarray(7 + room).every((byte) => byte === 0xaa),
        `${room}`,
      );
      if (outcome === -1) assert.equal(encoder.table.count, 0);
      else assert.deepEqual(decodeBlock(decoder, buffer.subarray(7, 7 + outcome)).fields, FIELDS);
      assert.equal(outcome === -1, room < needed - 5, `${room}`);
      const again = encodeBlock(encoder, FIELDS);
      assert.deepEqual(decodeBlock(decoder, again).fields, FIELDS);
      assert.deepEqual(tableFields(encoder.table), tableFields(decoder.table));
    }
  });

  it('is also needed for the announcement of a size, which is not lost', () => {
    const encoder = new HpackEncoder();
    encoder.setPeerTableLimit(1000);
    assert.equal(tryEncode(encoder, Buffer.alloc(100), 0, 2), -1);
    assert.equal(encodedHex(encoder, []), '203fc907');
  });

  function tryEncode(encoder: HpackEncoder, buffer: Buffer, start: number, end: number): number {
    encoder.begin(buffer, start, end);
    for (const [name, value] of FIELDS) encoder.stringField(name, value);
    return encoder.finish();
  }
});

describe('fields of heads', () => {
  it('names by id and in any case, without what was removed, with what was added', () => {
    const lines: Fields = FIELD_NAMES.slice(1).map((name) => [name.toUpperCase(), `v-${name}`]);
    lines.push(['X-Mixed-Case', 'Value'], ['Gone', 'g'], ['aCCept', '*/*'], ['X-Marked', 'm']);
    const table = new HeaderTable(Buffer.from(lines.flat().join(''), 'latin1'));
    let offset = 0;
    lines.forEach(([name, value], index) => {
      const id = index + 1 < FIELD_NAMES.length ? index + 1 : Field.OTHER;
      table.append(offset, name.length, offset + name.length, value.length, id);
      offset += name.length + value.length;
    });
    table.remove('gone');
    table.removeId(Field.UPGRADE);
    table.add('X-Added', 'Last');
    table.neverIndexed = new Uint8Array(lines.length);
    table.neverIndexed[lines.length - 1] = 1;
    const left = lines.filter(([name]) => name !== 'Gone' && name !== 'UPGRADE');
    const expected = [...left, ['X-Added', 'Last']].map(([name, value]) => [name.toLowerCase(), value]);
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder();
    const buffer = Buffer.alloc(10_000);
    for (let round = 0; round < 4; round++) {
      encoder.begin(buffer, 0, buffer.length);
      encodeFields(encoder, table);
      const { fields, section } = decodeBlock(decoder, buffer.subarray(0, encoder.finish()));
      assert.deepEqual(fields, expected);
      assert.equal(section.neverIndexed[expected.length - 2], 1);
    }
  });

  it('received values as pseudo-header fields', () => {
    const encoder = new HpackEncoder();
    const bytes = Buffer.from('GET /a/b HTTP/1.1');
    const buffer = Buffer.alloc(100);
    encoder.begin(buffer, 0, 100);
    encoder.pseudoField(Pseudo.METHOD, bytes, 0, 3);
    encoder.pseudoField(Pseudo.PATH, bytes, 4, 4);
    encoder.pseudoField(Pseudo.PATH, bytes, 4, 1, Indexing.NEVER);
    encoder.pseudoField(Pseudo.PROTOCOL, bytes, 0, 3);
    const block = buffer.subarray(0, encoder.finish());
    assert.match(block.toString('hex'), /^820483.{6}14012f00/);
    const { section } = decodeBlock(new HpackDecoder(), Buffer.concat([block.subarray(0, 6), block.subarray(9)]));
    const values = [Pseudo.METHOD, Pseudo.PATH, Pseudo.PROTOCOL].map((pseudo) => section.pseudoValue(pseudo));
    assert.deepEqual(values, ['GET', '/a/b', 'GET']);
  });
});
