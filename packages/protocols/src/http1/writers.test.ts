// Everything that writes bytes: exact output, exact bounds, and no way to split a
// message.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HeaderTable } from '../http-head/header-table.ts';
import { addedFieldsBytes, isFieldName, isFieldValue, writeAddedFields } from './added-fields.ts';
import { CHUNK_HEAD_BYTES_MAX, writeChunkHead } from './chunk-head.ts';
import { dateFieldBytes, httpDate } from './http-date.ts';
import { reasonPhrase } from './reason-phrase.ts';
import { statusLineBytes } from './status-line.ts';
import { writeDecimal } from './write-decimal.ts';

const LENGTHS = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.constantFrom(9, 10, 15, 16, 255, 256, Number.MAX_SAFE_INTEGER));

describe('number writers', () => {
  it('writeDecimal writes what String() says and nothing else', () => {
    fc.assert(
      fc.property(LENGTHS, fc.nat(5), (value, offset) => {
        const buffer = Buffer.alloc(30, 0x2e);
        const end = writeDecimal(buffer, offset, value);
        assert.equal(buffer.latin1Slice(offset, end), String(value));
        assert.equal(
          buffer.latin1Slice(0, offset) + buffer.latin1Slice(end, 30),
          '.'.repeat(30 - String(value).length),
        );
      }),
    );
  });

  it('writeChunkHead writes the hexadecimal size and CR LF and nothing else', () => {
    fc.assert(
      fc.property(LENGTHS, fc.nat(5), (value, offset) => {
        if (value === 0) return;
        const buffer = Buffer.alloc(30, 0x2e);
        const end = writeChunkHead(buffer, offset, value);
        assert.equal(buffer.latin1Slice(offset, end), `${value.toString(16)}\r\n`);
        assert.ok(end - offset <= CHUNK_HEAD_BYTES_MAX);
        assert.equal(buffer.latin1Slice(end, 30), '.'.repeat(30 - end));
      }),
    );
  });

  it('refuse what they cannot write', () => {
    const buffer = Buffer.alloc(4);
    for (const value of [-1, 1.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
      assert.throws(() => writeDecimal(buffer, 0, value), RangeError);
      assert.throws(() => writeChunkHead(buffer, 0, value), RangeError);
    }
    assert.throws(() => writeChunkHead(buffer, 0, 0), RangeError);
    assert.throws(() => writeDecimal(buffer, 0, 12345), RangeError);
    assert.throws(() => writeDecimal(buffer, -1, 1), RangeError);
    assert.throws(() => writeChunkHead(buffer, 1, 0x10), RangeError);
    assert.equal(writeChunkHead(buffer, 0, 0x10), 4);
  });
});

describe('status lines and dates', () => {
  it('are complete lines, the same buffer every time', () => {
    assert.equal(statusLineBytes(200).toString('latin1'), 'HTTP/1.1 200 OK\r\n');
    assert.equal(statusLineBytes(404, 0).toString('latin1'), 'HTTP/1.0 404 Not Found\r\n');
    assert.equal(statusLineBytes(499).toString('latin1'), 'HTTP/1.1 499 Client Closed Request\r\n');
    assert.equal(statusLineBytes(299).toString('latin1'), 'HTTP/1.1 299 \r\n');
    assert.equal(statusLineBytes(999).toString('latin1'), 'HTTP/1.1 999 \r\n');
    assert.equal(statusLineBytes(200), statusLineBytes(200, 1));
    assert.equal(reasonPhrase(503), 'Service Unavailable');
    assert.equal(reasonPhrase(299), '');
  });

  it('refuse a status outside 100 to 999', () => {
    for (const status of [0, 99, 1000, -200, 200.5, Number.NaN])
      assert.throws(() => statusLineBytes(status), RangeError);
  });

  it('write IMF-fixdate, made once a second', () => {
    assert.equal(httpDate(784111777000), 'Sun, 06 Nov 1994 08:49:37 GMT');
    assert.equal(httpDate(784111777999), 'Sun, 06 Nov 1994 08:49:37 GMT');
    const line = dateFieldBytes(784111777001);
    assert.equal(line.toString('latin1'), 'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n');
    assert.equal(dateFieldBytes(784111777500), line);
    assert.notEqual(dateFieldBytes(784111778000), line);
    assert.equal(
      line.toString('latin1'),
      'Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n',
      'a line that was handed out is never rewritten',
    );
    assert.equal(httpDate(0), 'Thu, 01 Jan 1970 00:00:00 GMT');
  });
});

describe('added fields', () => {
  const table = (fields: readonly [string, string][]): HeaderTable => {
    const head = new HeaderTable(Buffer.alloc(0));
    for (const [name, value] of fields) head.add(name, value);
    return head;
  };

  it('are written in order, in the announced size', () => {
    const head = table([
      ['X-A', '1'],
      ['x-b', ''],
      ['X-A', 'caf\xe9\t!'],
    ]);
    const expected = 'X-A: 1\r\nx-b: \r\nX-A: caf\xe9\t!\r\n';
    const buffer = Buffer.alloc(64, 0x2e);
    assert.equal(addedFieldsBytes(head), expected.length);
    const end = writeAddedFields(head, buffer, 2);
    assert.equal(buffer.latin1Slice(0, end + 1), `..${expected}.`);
    assert.equal(addedFieldsBytes(table([])), 0);
    assert.equal(writeAddedFields(table([]), buffer, 7), 7);
  });

  it('cannot split a message', () => {
    const values = ['a\r\nSet-Cookie: b', 'a\n', '\r', '\0', 'a\x7f', '\u010d\u010a', '\u{1f600}', '\ud800'];
    for (const value of values) {
      assert.equal(isFieldValue(value), false, JSON.stringify(value));
      assert.throws(() => writeAddedFields(table([['X', value]]), Buffer.alloc(99), 0), RangeError);
    }
    for (const name of ['', 'a b', 'a:', 'a\r\n', '\u0130', 'a\0', '(x)']) {
      assert.equal(isFieldName(name), false, JSON.stringify(name));
      assert.throws(() => writeAddedFields(table([[name, 'v']]), Buffer.alloc(99), 0), RangeError);
    }
  });

  it('never write past the end', () => {
    assert.throws(() => writeAddedFields(table([['X', 'v']]), Buffer.alloc(5), 0), RangeError);
    assert.throws(() => writeAddedFields(table([['X', 'v']]), Buffer.alloc(9), 4), RangeError);
    assert.equal(writeAddedFields(table([['X', 'v']]), Buffer.alloc(6), 0), 6);
  });
});
