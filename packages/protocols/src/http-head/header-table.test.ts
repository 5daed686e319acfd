// The header table and the two heads: received ranges, the overlay of added fields, removal, growth, retention.
// Codecs are not involved: fields are appended by hand.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FIELD_NAMES, Field } from './field-id.ts';
import { FIELD_WORDS, HeaderTable } from './header-table.ts';
import { RequestHead } from './request-head.ts';
import { ResponseHead } from './response-head.ts';

/** Table over `lines` ("Name: value"), as a codec would fill it. */
function tableOf(lines: readonly string[]): HeaderTable {
  const text = lines.map((line) => `${line}\r\n`).join('');
  const table = new HeaderTable(Buffer.from(text, 'latin1'));
  let offset = 0;
  for (const line of lines) {
    const colon = line.indexOf(':');
    const id = Math.max(0, (FIELD_NAMES as readonly string[]).indexOf(line.slice(0, colon).toLowerCase()));
    table.append(offset, colon, offset + colon + 2, line.length - colon - 2, id);
    offset += line.length + 2;
  }
  return table;
}

describe('HeaderTable: received fields', () => {
  it('finds values by name in any received case', () => {
    const table = tableOf(['Host: a', 'X-Thing: one', 'x-THING: two']);
    assert.equal(table.get('host'), 'a');
    assert.equal(table.get('x-thing'), 'one');
    assert.deepEqual(table.getAll('x-thing'), ['one', 'two']);
    assert.equal(table.has('x-thing'), true);
    assert.equal(table.get('x-thin'), undefined);
    assert.equal(table.has('connection'), false);
    assert.deepEqual(table.getAll('nothing'), []);
  });

  it('returns names in lower case and values as received', () => {
    const table = tableOf(['HOST: Example', 'X-MiXed: VaLue']);
    assert.equal(table.nameAt(0), 'host');
    assert.equal(table.nameAt(1), 'x-mixed');
    assert.equal(table.valueAt(1), 'VaLue');
    assert.equal(table.idAt(0), Field.HOST);
    assert.equal(table.idAt(1), Field.OTHER);
  });

  it('keeps empty values', () => {
    const table = tableOf(['X-Empty: ']);
    assert.equal(table.get('x-empty'), '');
    assert.equal(table.has('x-empty'), true);
  });

  it('tells by id what was received and what is still there', () => {
    const table = tableOf(['Connection: a', 'Host: h', 'Connection: b']);
    assert.equal(table.indexOfId(Field.CONNECTION), 0);
    assert.equal(table.hasReceived(Field.CONNECTION), true);
    assert.equal(table.indexOfId(Field.UPGRADE), -1);
    table.removeAt(0);
    assert.equal(table.indexOfId(Field.CONNECTION), 2);
    table.removeId(Field.CONNECTION);
    assert.equal(table.hasReceived(Field.CONNECTION), false);
    assert.equal(table.idAt(0), Field.CONNECTION);
    assert.equal(table.nameAt(0), 'connection');
  });

  it('handles the id whose bit is the sign bit', () => {
    const table = tableOf(['Content-Encoding: br']);
    assert.equal(Field.CONTENT_ENCODING, 31);
    assert.equal(table.hasReceived(Field.CONTENT_ENCODING), true);
    assert.equal(table.get('content-encoding'), 'br');
    table.removeId(Field.CONTENT_ENCODING);
    assert.equal(table.has('content-encoding'), false);
  });

  it('grows over its first capacity without losing fields', () => {
    const lines = Array.from({ length: 200 }, (_, index) => `X-${index}: v${index}`);
    const table = tableOf(lines);
    assert.equal(table.count, 200);
    assert.equal(table.get('x-0'), 'v0');
    assert.equal(table.get('x-199'), 'v199');
    assert.ok(table.reserve(1000).length >= 1000 * FIELD_WORDS);
    assert.equal(table.get('x-199'), 'v199');
  });
});

describe('HeaderTable: changes', () => {
  it('removes every field of a name, received and added', () => {
    const table = tableOf(['A: 1', 'B: 2', 'a: 3']);
    table.add('A', '4');
    table.remove('a');
    assert.equal(table.has('a'), false);
    assert.equal(table.get('b'), '2');
    assert.equal(table.hasRemoved, true);
    assert.equal(table.isRemoved(0), true);
    assert.equal(table.isRemoved(1), false);
    assert.deepEqual(table.addedNames, []);
  });

  it('does not mark the table as changed when nothing was removed', () => {
    const table = tableOf(['A: 1']);
    table.remove('b');
    table.removeId(Field.HOST);
    assert.equal(table.hasRemoved, false);
  });

  it('set replaces all by one, add appends', () => {
    const table = tableOf(['X-A: 1', 'X-A: 2']);
    table.set('X-a', 'new');
    assert.deepEqual(table.getAll('x-a'), ['new']);
    table.add('x-A', 'more');
    assert.deepEqual(table.getAll('x-a'), ['new', 'more']);
    table.set('x-a', 'last');
    assert.deepEqual(table.getAll('x-a'), ['last']);
  });

  it('lists received values before added ones', () => {
    const table = tableOf(['X-A: received']);
    table.add('X-A', 'added');
    assert.deepEqual(table.getAll('x-a'), ['received', 'added']);
    assert.equal(table.get('x-a'), 'received');
  });

  it('forgets everything on clear', () => {
    const table = tableOf(['Host: a']);
    table.add('X', 'y');
    table.remove('host');
    table.clear(Buffer.alloc(0));
    assert.equal(table.count, 0);
    assert.equal(table.receivedIds, 0);
    assert.equal(table.hasRemoved, false);
    assert.equal(table.has('x'), false);
    assert.equal(table.has('host'), false);
  });
});

describe('HeaderTable: retain', () => {
  it('survives the reuse of the bytes it was parsed from', () => {
    const table = tableOf(['Host: a', 'X-Thing: one']);
    const original = table.bytes;
    table.retain(9, original.length);
    original.fill(0x21);
    assert.equal(table.valueAt(1), 'one');
    assert.equal(table.nameAt(1), 'x-thing');
  });

  it('moves the ranges of a request and a response head', () => {
    const bytes = Buffer.from('....GET /t HTTP/1.1\r\nA: b\r\n\r\n', 'latin1');
    const request = new RequestHead(bytes);
    request.append(21, 1, 24, 1, Field.OTHER);
    request.headOffset = 4;
    request.headLength = bytes.length - 4;
    request.targetOffset = 8;
    request.targetLength = 2;
    request.retainHead();
    assert.equal(request.bytes.latin1Slice(request.targetOffset, request.targetOffset + request.targetLength), '/t');
    assert.equal(request.get('a'), 'b');
    assert.equal(request.headOffset, 0);

    const reply = Buffer.from('..HTTP/1.1 200 Fine\r\nA: b\r\n\r\n', 'latin1');
    const response = new ResponseHead(reply);
    response.append(21, 1, 24, 1, Field.OTHER);
    response.headOffset = 2;
    response.headLength = reply.length - 2;
    response.reasonOffset = 15;
    response.reasonLength = 4;
    response.retainHead();
    assert.equal(response.bytes.latin1Slice(response.reasonOffset, response.reasonOffset + 4), 'Fine');
    assert.equal(response.get('a'), 'b');
  });
});

describe('RequestHead', () => {
  it('builds the target from path and query as they are now', () => {
    const head = new RequestHead(Buffer.alloc(0));
    head.path = '/a';
    assert.equal(head.target, '/a');
    head.setQuery('');
    assert.equal(head.target, '/a?');
    head.setPath('/b');
    head.setQuery('x=1');
    assert.equal(head.target, '/b?x=1');
    assert.equal(head.targetChanged, true);
  });

  it('clear resets what a codec may leave untouched', () => {
    const head = new RequestHead(Buffer.alloc(0));
    head.setQuery('q');
    head.setHost('h');
    head.upgrade = true;
    head.expectContinue = true;
    head.keepAlive = false;
    head.clear(Buffer.alloc(0));
    assert.deepEqual(
      [head.query, head.targetChanged, head.hostChanged, head.upgrade, head.expectContinue, head.keepAlive],
      [undefined, false, false, false, false, true],
    );
  });
});
