// The examples of RFC 7541, appendix C: decoded with every state of the table, and encoded again where they say how.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder, Indexing } from './hpack-encoder.ts';
import { decodeBlock, encodeBlock, type Fields, hex, tableFields } from './test-support.ts';

interface Step {
  readonly block: string;
  readonly fields: Fields;
  /** Newest first. */
  readonly table: Fields;
  readonly tableBytes: number;
}

const AUTHORITY: [string, string] = [':authority', 'www.example.com'];
const NO_CACHE: [string, string] = ['cache-control', 'no-cache'];
const CUSTOM: [string, string] = ['custom-key', 'custom-value'];

/** C.3 and C.4: three requests, without and with Huffman codes. */
function requests(blocks: readonly [string, string, string]): Step[] {
  const get: Fields = [[':method', 'GET']];
  const root: Fields = [[':path', '/']];
  return [
    {
      block: blocks[0],
      fields: [...get, [':scheme', 'http'], AUTHORITY, ...root],
      table: [AUTHORITY],
      tableBytes: 57,
    },
    {
      block: blocks[1],
      fields: [...get, [':scheme', 'http'], AUTHORITY, ...root, NO_CACHE],
      table: [NO_CACHE, AUTHORITY],
      tableBytes: 110,
    },
    {
      block: blocks[2],
      fields: [...get, [':scheme', 'https'], AUTHORITY, [':path', '/index.html'], CUSTOM],
      table: [CUSTOM, NO_CACHE, AUTHORITY],
      tableBytes: 164,
    },
  ];
}

const PRIVATE: [string, string] = ['cache-control', 'private'];
const DATE_21: [string, string] = ['date', 'Mon, 21 Oct 2013 20:13:21 GMT'];
const DATE_22: [string, string] = ['date', 'Mon, 21 Oct 2013 20:13:22 GMT'];
const LOCATION: [string, string] = ['location', 'https://www.example.com'];
const GZIP: [string, string] = ['content-encoding', 'gzip'];
const SET_COOKIE: [string, string] = ['set-cookie', 'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1'];

/** C.5 and C.6: three responses through a table of 256 bytes. */
function responses(blocks: readonly [string, string, string]): Step[] {
  return [
    {
      block: blocks[0],
      fields: [[':status', '302'], PRIVATE, DATE_21, LOCATION],
      table: [LOCATION, DATE_21, PRIVATE, [':status', '302']],
      tableBytes: 222,
    },
    {
      block: blocks[1],
      fields: [[':status', '307'], PRIVATE, DATE_21, LOCATION],
      table: [[':status', '307'], LOCATION, DATE_21, PRIVATE],
      tableBytes: 222,
    },
    {
      block: blocks[2],
      fields: [[':status', '200'], PRIVATE, DATE_22, LOCATION, GZIP, SET_COOKIE],
      table: [SET_COOKIE, GZIP, DATE_22],
      tableBytes: 215,
    },
  ];
}

const C3 = requests([
  '8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
  '8286 84be 5808 6e6f 2d63 6163 6865',
  '8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65',
]);
const C4 = requests([
  '8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff',
  '8286 84be 5886 a8eb 1064 9cbf',
  '8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf',
]);
const C5 = responses([
  [
    '4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32',
    '3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d',
  ].join(' '),
  '4803 3330 37c1 c0bf',
  [
    '88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970',
    '7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61',
    '6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31',
  ].join(' '),
]);
const C6 = responses([
  [
    '4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad',
    '1718 63c7 8f0b 97c8 e9ae 82ae 43d3',
  ].join(' '),
  '4883 640e ffc1 c0bf',
  [
    '88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2',
    'e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07',
  ].join(' '),
]);

/** A section puts pseudo-header fields in an order of its own. */
const ORDER = [':method', ':scheme', ':authority', ':path', ':status'];
function sorted(fields: Fields): Fields {
  const rank = ([name]: readonly [string, string]) => (ORDER.indexOf(name) + ORDER.length + 1) % (ORDER.length + 1);
  return [...fields].sort((a, b) => rank(a) - rank(b));
}

function checkDecoding(decoder: HpackDecoder, steps: readonly Step[]): void {
  for (const { block, fields, table, tableBytes } of steps) {
    const decoded = decodeBlock(decoder, block);
    assert.equal(decoded.outcome, 'OK');
    assert.equal(decoded.section.fault, 0);
    assert.deepEqual(sorted(decoded.fields), sorted(fields));
    assert.deepEqual(tableFields(decoder.table), table);
    assert.equal(decoder.table.sizeBytes, tableBytes);
  }
}

describe('C.1: integers', () => {
  it('C.1.1 and C.1.2, as sizes of the table: the prefix has 5 bits there', () => {
    const decoder = new HpackDecoder();
    assert.equal(decodeBlock(decoder, '2a').outcome, 'OK');
    assert.equal(decoder.table.limitBytes, 10);
    assert.equal(decodeBlock(decoder, '3f9a 0a').outcome, 'OK');
    assert.equal(decoder.table.limitBytes, 1337);
    const encoder = new HpackEncoder();
    encoder.setPeerTableLimit(1337);
    assert.equal(encodeBlock(encoder, []).toString('hex'), '3f9a0a');
    encoder.setPeerTableLimit(10);
    assert.equal(encodeBlock(encoder, []).toString('hex'), '2a');
  });
});

describe('C.2: representations', () => {
  it('C.2.1: literal with indexing', () => {
    const decoder = new HpackDecoder();
    checkDecoding(decoder, [
      {
        block: '400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572',
        fields: [['custom-key', 'custom-header']],
        table: [['custom-key', 'custom-header']],
        tableBytes: 55,
      },
    ]);
  });

  it('C.2.2: literal without indexing', () => {
    const fields: Fields = [[':path', '/sample/path']];
    checkDecoding(new HpackDecoder(), [
      { block: '040c 2f73 616d 706c 652f 7061 7468', fields, table: [], tableBytes: 0 },
    ]);
  });

  it('C.2.3: literal never indexed', () => {
    const decoder = new HpackDecoder();
    const block = '1008 7061 7373 776f 7264 0673 6563 7265 74';
    checkDecoding(decoder, [{ block, fields: [['password', 'secret']], table: [], tableBytes: 0 }]);
    const { section } = decodeBlock(decoder, block);
    assert.equal(section.hasNeverIndexed, true);
    assert.equal(section.neverIndexed[0], 1);
  });

  it('C.2.4: indexed', () => {
    checkDecoding(new HpackDecoder(), [{ block: '82', fields: [[':method', 'GET']], table: [], tableBytes: 0 }]);
  });
});

describe('C.3 and C.4: requests', () => {
  it('C.3 is decoded', () => checkDecoding(new HpackDecoder(), C3));

  it('C.4 is decoded', () => checkDecoding(new HpackDecoder(), C4));

  it('C.4 is encoded', () => {
    const encoder = new HpackEncoder();
    for (const { block, fields, table } of C4) {
      // As in the RFC: the path before the authority.
      const ordered = [...fields].sort((a, b) => Number(a[0] === ':authority') - Number(b[0] === ':authority'));
      const inOrder = [
        ...ordered.filter(([name]) => name.startsWith(':')),
        ...ordered.filter(([name]) => name[0] !== ':'),
      ];
      assert.equal(encodeBlock(encoder, inOrder, Indexing.ALWAYS).toString('hex'), hex(block).toString('hex'));
      assert.deepEqual(tableFields(encoder.table), table);
    }
  });
});

describe('C.5 and C.6: responses with evictions', () => {
  it('C.5 is decoded', () => checkDecoding(new HpackDecoder(256), C5));

  it('C.6 is decoded', () => checkDecoding(new HpackDecoder(256), C6));

  it('C.6 is encoded, but for the cookie, which is never indexed', () => {
    const encoder = new HpackEncoder(256);
    const blocks = C6.map(({ fields }) => encodeBlock(encoder, fields, Indexing.ALWAYS).toString('hex'));
    const [first, second, third] = C6.map(({ block }) => hex(block).toString('hex'));
    // We say at first that our table has 256 bytes; in the example both sides know.
    assert.equal(blocks[0], `3fe101${first}`);
    // `307` has three bytes in both forms: we take the plain one.
    assert.equal(blocks[1], second!.replace('4883640eff', '4803333037'));
    assert.equal(blocks[2], third!.replace('77ad94e7', '1f28ad94e7'));
    assert.deepEqual(tableFields(encoder.table), [GZIP, DATE_22, [':status', '307'], LOCATION]);
  });
});
