// Response heads and trailers of HTTP/2: what becomes of good ones, and every way in which one is malformed.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HpackDecoder } from '../hpack/hpack-decoder.ts';
import { decodeBlock, type Fields, plainLiteral } from '../hpack/test-support.ts';
import { HeaderTable } from '../http-head/header-table.ts';
import { BodyKind } from '../http-head/request-head.ts';
import { ResponseHead } from '../http-head/response-head.ts';
import { takeResponseFields, takeTrailerFields } from './response-fields.ts';

function sectionOf(fields: Fields) {
  const block = Buffer.concat(fields.map(([name, value]) => plainLiteral(name, value)));
  const decoded = decodeBlock(new HpackDecoder(), block);
  assert.equal(decoded.outcome, 'OK');
  return decoded.section;
}

function take(fields: Fields, endStream = false): ResponseHead | undefined {
  const head = new ResponseHead(Buffer.alloc(0));
  head.lengthUnusual = true;
  head.set('x-old', 'of the response before');
  return takeResponseFields(sectionOf(fields), head, endStream) ? head : undefined;
}

const STATUS: Fields[number] = [':status', '200'];

describe('takeResponseFields', () => {
  it('fills a head, and forgets what was in it', () => {
    const head = take([STATUS, ['content-type', 'text/plain'], ['set-cookie', 'a'], ['set-cookie', 'b']])!;
    assert.equal(head.status, 200);
    assert.equal(head.statusChanged, false);
    assert.equal(head.hasLines, false);
    assert.equal(head.get('content-type'), 'text/plain');
    assert.deepEqual(head.getAll('set-cookie'), ['a', 'b']);
    assert.equal(head.has('x-old'), false);
    assert.deepEqual([head.bodyKind, head.bodyBytes, head.lengthUnusual], [BodyKind.UNTIL_CLOSE, 0, false]);
  });

  it('survives the next block when it is retained', () => {
    const head = take([STATUS, ['x-a', 'b']])!;
    head.retainHead();
    assert.equal(head.get('x-a'), 'b');
  });

  it('says what body follows', () => {
    const length = (value: string): Fields => [STATUS, ['content-length', value]];
    const kinds = [take(length('5')), take(length('5'), true), take([STATUS], true), take(length('05'))];
    assert.deepEqual(
      kinds.map((head) => [head!.bodyKind, head!.bodyBytes, head!.lengthUnusual]),
      [
        [BodyKind.LENGTH, 5, false],
        [BodyKind.NONE, 5, false],
        [BodyKind.NONE, 0, false],
        [BodyKind.LENGTH, 5, true],
      ],
    );
    assert.equal(take([[':status', '103']])?.status, 103);
  });

  const malformed: [string, Fields, boolean?][] = [
    ['no status', [['x-a', 'b']]],
    ['two of them', [STATUS, STATUS]],
    ['another pseudo-header field', [STATUS, [':path', '/']]],
    ['a status behind a field', [['x-a', 'b'], STATUS]],
    ['a status of letters', [[':status', '2o0']]],
    ['a status of two digits', [[':status', '20']]],
    ['a status of four digits', [[':status', '2000']]],
    ['a status below 100', [[':status', '099']]],
    ['a switch of protocols', [[':status', '101']]],
    ['an interim head that ends its stream', [[':status', '103']], true],
    ['a name in capitals', [STATUS, ['X-A', 'b']]],
    ['a line end in a value', [STATUS, ['x-a', 'b\r\nc: d']]],
    ['two lengths', [STATUS, ['content-length', '5'], ['content-length', '5']]],
    ['a length that is none', [STATUS, ['content-length', '5, 5']]],
    ['a negative length', [STATUS, ['content-length', '-1']]],
    ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map(
      (name): [string, Fields] => [`the field ${name}`, [STATUS, [name, 'x']]],
    ),
  ];
  for (const [what, fields, endStream] of malformed) {
    it(`refuses ${what}`, () => assert.equal(take(fields, endStream), undefined));
  }
});

describe('takeTrailerFields', () => {
  const trailers = (fields: Fields): HeaderTable | undefined => {
    const table = new HeaderTable(Buffer.alloc(0));
    return takeTrailerFields(sectionOf(fields), table) ? table : undefined;
  };

  it('takes fields, and drops those that must not come late', () => {
    const table = trailers([
      ['grpc-status', '0'],
      ['set-cookie', 'a'],
      ['content-length', '5'],
      ['authorization', 'x'],
    ])!;
    assert.equal(table.get('grpc-status'), '0');
    for (const name of ['set-cookie', 'content-length', 'authorization']) assert.equal(table.has(name), false, name);
  });

  it('refuses pseudo-header fields, fields of the connection, and bad names', () => {
    for (const fields of [[STATUS], [['connection', 'close']], [['Grpc-Status', '0']]] as Fields[]) {
      assert.equal(trailers(fields), undefined);
    }
  });
});
