// What a section knows about its fields: ids, pseudo-header fields, faults, cookies; and how it hands them to a head.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Field } from '../http-head/field-id.ts';
import { RequestHead } from '../http-head/request-head.ts';
import { FieldFault, fieldFaultMessage } from './field-fault.ts';
import { FieldSection } from './field-section.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { Pseudo } from './pseudo-field.ts';
import {
  decodeBlock,
  type Fields,
  guardedBlock,
  hex,
  plainLiteral,
  sectionFields,
  TEST_LIMITS,
} from './test-support.ts';

const FAULT_NAMES = new Map(Object.entries(FieldFault).map(([name, fault]) => [fault as number, name]));

function decodeFields(fields: Fields, pattern = 0, decoder = new HpackDecoder()): FieldSection {
  const block = Buffer.concat(fields.map(([name, value]) => plainLiteral(name, value, pattern)));
  const { outcome, section } = decodeBlock(decoder, block);
  assert.equal(outcome, 'OK');
  return section;
}

/** The fault of these fields as literals, and again as indexed fields. */
function faultOf(...fields: Fields): string {
  const decoder = new HpackDecoder();
  const { fault } = decodeFields(fields, 0x40, decoder);
  const indexed = Buffer.from(fields.map((_, index) => 0x80 | (61 + fields.length - index)));
  const again = decodeBlock(decoder, indexed);
  assert.equal(again.section.fault, fault);
  assert.notEqual(fieldFaultMessage(fault), fieldFaultMessage(99));
  return FAULT_NAMES.get(fault)!;
}

describe('faults (RFC 9113 §8.2.1, §8.3)', () => {
  it('of names', () => {
    assert.equal(faultOf(['x-ok_1.!~', '']), 'NONE');
    assert.equal(faultOf(['', 'v']), 'EMPTY_NAME');
    assert.equal(faultOf(['x-Upper', 'v']), 'UPPER_CASE_NAME');
    for (const character of ' \t\r\n\0\x7f\x80\xff:"(),/;<=>?@[\\]{}') {
      assert.equal(faultOf([`X${character}y`, 'v']), 'BAD_NAME', JSON.stringify(character));
    }
  });

  it('of values', () => {
    for (const value of ['', 'a b', 'a\tb', '\x80\xff', 'abcde fgh\tijk', '!'])
      assert.equal(faultOf(['n', value]), 'NONE');
    for (const character of '\0\x01\r\n\x1f\x7f') {
      for (const value of [
        character,
        `a${character}`,
        `abcdef${character}`,
        `abc${character}defgh`,
        `${character}abcd`,
      ]) {
        assert.equal(faultOf(['n', value]), 'CONTROL_BYTE', JSON.stringify(value));
      }
    }
    for (const value of [' ', '\t', ' a', 'a ', '\tabcdefgh', 'abcdefg\t']) {
      assert.equal(faultOf(['n', value]), 'OUTER_SPACE', JSON.stringify(value));
    }
  });

  it('of pseudo-header fields', () => {
    assert.equal(faultOf([':method', 'A'], [':path', '/'], ['n', 'v']), 'NONE');
    assert.equal(faultOf([':protocol', 'websocket'], [':authority', 'h']), 'NONE');
    for (const name of [':', ':methods', ':metho', ':Method', ':unknown', '::'])
      assert.equal(faultOf([name, 'v']), 'UNKNOWN_PSEUDO');
    assert.equal(faultOf([':method', 'A'], [':method', 'A']), 'DUPLICATE_PSEUDO');
    assert.equal(faultOf(['n', 'v'], [':method', 'A']), 'LATE_PSEUDO');
    assert.equal(faultOf([':path', '/ ']), 'OUTER_SPACE');
  });

  it('of the value of an entry are not those of a field that takes only its name', () => {
    const decoder = new HpackDecoder();
    decodeFields([['n', ' bad']], 0x40, decoder);
    assert.equal(decodeBlock(decoder, '7e 0161').section.fault, FieldFault.NONE);
    decodeFields([['N', 'good']], 0x40, decoder);
    assert.equal(decodeBlock(decoder, '7e 0161').section.fault, FieldFault.UPPER_CASE_NAME);
  });

  it('the first one is told, and the next block begins without', () => {
    assert.equal(faultOf(['A', 'v'], ['n', ' '], ['', '']), 'UPPER_CASE_NAME');
    const decoder = new HpackDecoder();
    const section = new FieldSection();
    for (const [name, fault] of [
      ['A', FieldFault.UPPER_CASE_NAME],
      ['a', FieldFault.NONE],
    ] as const) {
      const { bytes, start, end } = guardedBlock(plainLiteral(name, 'v'));
      decoder.decode(bytes, start, end, section, TEST_LIMITS);
      assert.equal(section.fault, fault);
    }
  });
});

describe('ids', () => {
  it('are those of the fields the proxy acts on, in literals and from both tables', () => {
    const decoder = new HpackDecoder();
    const literals = decodeFields(
      [
        ['host', 'h'],
        ['content-encoding', 'br'],
        ['x-other', 'o'],
      ],
      0x40,
      decoder,
    );
    assert.equal(literals.receivedIds, (1 << Field.HOST) | (1 << Field.CONTENT_ENCODING));
    const { section } = decodeBlock(decoder, 'c0 bf be 9f 9c');
    const ids = Array.from({ length: section.count }, (_, index) => section.fields[index * 5 + 4]);
    assert.deepEqual(ids, [Field.HOST, Field.CONTENT_ENCODING, 0, Field.CONTENT_TYPE, Field.CONTENT_LENGTH]);
  });
});

describe('moveTo', () => {
  it('gives a head its fields, in place of those it had', () => {
    const head = new RequestHead(Buffer.from('x: y\r\n'));
    head.append(0, 1, 3, 1, Field.OTHER);
    head.add('added', 'before');
    const section = decodeFields([
      [':method', 'GET'],
      ['host', 'a.example'],
      ['te', 'trailers'],
      ['x-thing', 'Value'],
    ]);
    const { bytes, length } = section;
    section.moveTo(head);
    assert.equal(head.bytes, bytes);
    assert.equal(head.count, 3);
    assert.deepEqual([head.get('host'), head.get('te'), head.get('x-thing')], ['a.example', 'trailers', 'Value']);
    assert.equal(head.has('added'), false);
    assert.equal(head.hasReceived(Field.TE), true);
    assert.deepEqual([section.count, section.receivedIds], [0, 0]);
    head.retain(0, length);
    bytes.fill(0);
    assert.equal(head.get('x-thing'), 'Value');
  });

  it('keeps apart what follows, for many fields and two heads', () => {
    const decoder = new HpackDecoder();
    const section = new FieldSection();
    const heads = [new RequestHead(Buffer.alloc(0)), new RequestHead(Buffer.alloc(0))];
    for (const [round, head] of [...heads, ...heads].entries()) {
      const fields = Array.from({ length: round === 1 ? 200 : 3 }, (_, index) =>
        plainLiteral(`n${index}`, `${round}`, 0x10),
      );
      const { bytes, start, end } = guardedBlock(Buffer.concat(fields));
      assert.equal(decoder.decode(bytes, start, end, section, TEST_LIMITS), fields.length);
      section.moveTo(head);
      head.retain(0, section.length);
      assert.equal(head.neverIndexed?.[fields.length - 1], 1);
    }
    assert.equal(heads[0].get('n2'), '2');
    assert.equal(heads[1].get('n2'), '3');
    assert.equal(heads[1].has('n3'), false);
  });

  it('tells a head which fields must never be indexed', () => {
    const head = new RequestHead(Buffer.alloc(0));
    const block = Buffer.concat([
      plainLiteral('a', '1'),
      plainLiteral('b', '2', 0x10),
      plainLiteral(':path', '/', 0x10),
    ]);
    const { section } = decodeBlock(new HpackDecoder(), block);
    assert.equal(section.pseudoNeverIndexed, 1 << Pseudo.PATH);
    section.moveTo(head);
    assert.deepEqual([...head.neverIndexed!], [0, 1]);
    head.clear(Buffer.alloc(0));
    assert.equal(head.neverIndexed, undefined);
    for (const marks of [
      [1, 1],
      [0, 1],
      [1, 0],
    ]) {
      const { bytes, start, end } = guardedBlock(
        Buffer.concat(marks.map((mark) => plainLiteral('c', '3', mark * 0x10))),
      );
      new HpackDecoder().decode(bytes, start, end, section, TEST_LIMITS);
      section.moveTo(head);
      assert.deepEqual([...head.neverIndexed!], marks, 'none are left of the block before');
    }
    decodeFields([['a', '1']]).moveTo(head);
    assert.equal(head.neverIndexed, undefined);
  });
});

describe('joinCookies (RFC 9113 §8.2.3)', () => {
  it('makes one field of the crumbs, where the first one stands', () => {
    const section = decodeFields([
      ['a', '1'],
      ['cookie', 'x=1'],
      ['b', '2'],
      ['cookie', 'y=2'],
      ['cookie', ''],
      ['cookiz', '3'],
    ]);
    assert.equal(section.cookieCount, 3);
    section.joinCookies();
    assert.deepEqual(sectionFields(section), [
      ['a', '1'],
      ['cookie', 'x=1; y=2; '],
      ['b', '2'],
      ['cookiz', '3'],
    ]);
    assert.equal(section.cookieCount, 1);
    section.joinCookies();
    assert.equal(section.count, 4);
  });

  it('leaves a single one alone', () => {
    const section = decodeFields([['cookie', 'x=1']]);
    const { length } = section;
    section.joinCookies();
    assert.equal(section.length, length);
    assert.deepEqual(sectionFields(section), [['cookie', 'x=1']]);
  });

  it('keeps marks with their fields, and grows', () => {
    const crumb = 'c'.repeat(3000);
    const block = Buffer.concat([
      plainLiteral('a', '1', 0x10),
      plainLiteral('cookie', crumb),
      plainLiteral('cookie', crumb, 0x10),
      plainLiteral('b', '2', 0x10),
      plainLiteral('c', '3'),
      hex('a0'),
    ]);
    const { section } = decodeBlock(new HpackDecoder(), block);
    section.joinCookies();
    const head = new RequestHead(Buffer.alloc(0));
    section.moveTo(head);
    assert.deepEqual([...head.neverIndexed!], [1, 1, 1, 0]);
    assert.equal(head.get('cookie'), `${crumb}; ${crumb}; `);
    assert.equal(head.get('c'), '3');
  });
});
