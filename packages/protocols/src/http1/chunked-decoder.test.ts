// The chunked decoder: every case is decoded whole and one byte at a time; tables of refusals; native skipping; fuzzing.
// FUZZ_SECONDS sets the time of the fuzz test.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChunkedDecoder, type ChunkedLimits, ChunkPiece, DEFAULT_CHUNKED_LIMITS } from './chunked-decoder.ts';
import { errorName, fuzzBudgetMs } from './test-support.ts';

interface Decoded {
  /** `OK`, `NEED_MORE` or the name of an error. */
  readonly outcome: string;
  readonly body: string;
  /** Bytes after the end of the body; -1 unless it ended. */
  readonly rest: number;
  readonly decoder: ChunkedDecoder;
}

/** Feeds `text` in ranges that end at `cuts`; every range is a fresh buffer with guard bytes around it. */
function decode(text: string, cuts: readonly number[] = [], limits?: ChunkedLimits): Decoded {
  const decoder = new ChunkedDecoder(limits);
  let body = '';
  const ends = [...cuts.filter((cut) => cut > 0 && cut < text.length), text.length];
  let from = 0;
  for (const to of ends) {
    const bytes = Buffer.from(`0\r\n\r\n${text.slice(from, to)}0\r\n\r\n`, 'latin1');
    const end = 5 + to - from;
    let position = 5;
    do {
      const next = decoder.step(bytes, position, end);
      assert.ok(next >= position && next <= end, 'position stays in range');
      position = next;
      if (decoder.piece === ChunkPiece.DATA) {
        assert.ok(decoder.dataLength > 0 && decoder.dataOffset + decoder.dataLength <= position);
        body += bytes.latin1Slice(decoder.dataOffset, decoder.dataOffset + decoder.dataLength);
      }
    } while (decoder.piece === ChunkPiece.DATA);
    if (decoder.piece === ChunkPiece.ERROR) return { outcome: errorName(decoder.error), body, rest: -1, decoder };
    if (decoder.piece === ChunkPiece.END) {
      return { outcome: 'OK', body, rest: text.length - to + (end - position), decoder };
    }
    assert.equal(position, end, 'NEED_MORE uses up everything');
    from = to;
  }
  return { outcome: 'NEED_MORE', body, rest: -1, decoder };
}

const everyByte = (text: string): number[] => Array.from({ length: text.length }, (_, index) => index);

describe('ChunkedDecoder: valid bodies', () => {
  const cases: [string, string, string, number][] = [
    ['empty body', '0\r\n\r\n', '', 0],
    ['one chunk', '5\r\nhello\r\n0\r\n\r\n', 'hello', 0],
    [
      'several chunks, hex in both cases',
      'a\r\n0123456789\r\nA\r\nabcdefghij\r\n1\r\n!\r\n0\r\n\r\n',
      '0123456789abcdefghij!',
      0,
    ],
    ['what follows stays', '1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1', 'x', 14],
    ['line ends as data', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '\r\n\r\n', 0],
    ['leading zeros up to 16 digits', '0000000000000002\r\nhi\r\n0000\r\n\r\n', 'hi', 0],
    ['extensions', '2;a=b;c="d e"\r\nhi\r\n0;last\r\n\r\n', 'hi', 0],
    ['obs-text and tab in an extension', '2;a="\xff\t"\r\nhi\r\n0\r\n\r\n', 'hi', 0],
  ];
  for (const [what, text, body, rest] of cases) {
    it(what, () => {
      for (const cuts of [[], everyByte(text)]) {
        const result = decode(text, cuts);
        assert.equal(result.outcome, 'OK');
        assert.equal(result.body, body);
        assert.equal(result.rest, rest);
        assert.equal(result.decoder.trailers, undefined);
      }
    });
  }

  it('stays at END and does nothing more', () => {
    const decoder = new ChunkedDecoder();
    const bytes = Buffer.from('0\r\n\r\n5\r\nhello\r\n', 'latin1');
    assert.equal(decoder.step(bytes, 0, bytes.length), 5);
    assert.equal(decoder.step(bytes, 5, bytes.length), 5);
    assert.equal(decoder.piece, ChunkPiece.END);
  });

  it('can be used again after reset', () => {
    const decoder = new ChunkedDecoder();
    const bytes = Buffer.from('3;x\r\nabc\r\n0\r\nA: b\r\n\r\n', 'latin1');
    for (let round = 0; round < 2; round++) {
      decoder.reset();
      let position = decoder.step(bytes, 0, bytes.length);
      assert.equal(decoder.piece, ChunkPiece.DATA);
      assert.equal(decoder.extensionBytes, 2);
      position = decoder.step(bytes, position, bytes.length);
      assert.equal(decoder.piece, ChunkPiece.END);
      assert.equal(decoder.trailers?.get('a'), 'b');
    }
    decoder.reset();
    assert.equal(decoder.trailers, undefined);
  });
});

describe('ChunkedDecoder: trailers', () => {
  it('parses them wherever they are split', () => {
    const text = '0\r\nX-Sum: 12 \r\nX-sum: 13\r\n\r\n';
    for (const cuts of [[], everyByte(text)]) {
      const { outcome, decoder, rest } = decode(`${text}next`, cuts);
      assert.equal(outcome, 'OK');
      assert.equal(rest, 4);
      assert.deepEqual(decoder.trailers?.getAll('x-sum'), ['12', '13']);
      assert.equal(decoder.forbiddenTrailers, 0);
    }
  });

  it('drops fields that may not come late (RFC 9110 §6.5.1)', () => {
    const forbidden = [
      'Host',
      'content-length',
      'Transfer-Encoding',
      'Trailer',
      'Connection',
      'TE',
      'Expect',
      'Cookie',
    ];
    forbidden.push(
      'Set-Cookie',
      'Authorization',
      'Cache-Control',
      'If-Match',
      'Range',
      'X-Forwarded-For',
      'Content-Type',
    );
    const lines = forbidden.map((name) => `${name}: 1\r\n`).join('');
    const { decoder } = decode(`0\r\n${lines}X-Kept: 1\r\n\r\n`);
    assert.equal(decoder.forbiddenTrailers, forbidden.length);
    for (const name of forbidden) assert.equal(decoder.trailers?.has(name.toLowerCase()), false, name);
    assert.equal(decoder.trailers?.get('x-kept'), '1');
  });

  it('bounds their bytes and their number', () => {
    const limits = { ...DEFAULT_CHUNKED_LIMITS, trailerBytesMax: 20, trailerFieldsMax: 2 };
    assert.equal(decode('0\r\nA: 1\r\nB: 22222222\r\n\r\n', [], limits).outcome, 'TRAILERS_TOO_LARGE');
    assert.equal(decode('0\r\nA: 1\r\nB: 222222\r\n\r\n', [], limits).outcome, 'OK');
    assert.equal(decode('0\r\nA:\r\nB:\r\nC:\r\n\r\n', [], limits).outcome, 'TOO_MANY_FIELDS');
    assert.equal(decode(`0\r\n${'A'.repeat(5000)}`).outcome, 'NEED_MORE');
    assert.equal(decode(`0\r\n${'A'.repeat(16385)}`).outcome, 'TRAILERS_TOO_LARGE');
  });

  it('grows its buffer up to the limit', () => {
    const value = 'v'.repeat(5000);
    assert.equal(decode(`0\r\nA: ${value}\r\n\r\n`).decoder.trailers?.get('a'), value);
  });
});

describe('ChunkedDecoder: refusals (RFC 9112 §7.1)', () => {
  const cases: [string, string, string][] = [
    ['no size', '\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['bare LF after the size', '5\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['CR without LF after the size', '5\rhello', 'BARE_CR'],
    ['CR CR LF after the size', '5\r\r\nhello', 'BARE_CR'],
    ['space before the size', ' 5\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['space after the size', '5 \r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['space before an extension', '5 ;a\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['tab after the size', '5\t\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['0x prefix', '0x5\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['plus sign', '+5\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['minus sign', '-5\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['underscore', '1_0\r\n', 'BAD_CHUNK_SIZE'],
    ['comma', '5,5\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['no hex digit', 'g\r\n', 'BAD_CHUNK_SIZE'],
    ['NUL after the size', '5\x00\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['17 digits', '00000000000000005\r\nhello\r\n', 'BAD_CHUNK_SIZE'],
    ['2^53', '20000000000000\r\n', 'CHUNK_SIZE_OVERFLOW'],
    ['2^64 - 1', 'ffffffffffffffff\r\n', 'CHUNK_SIZE_OVERFLOW'],
    ['2^64 + 5, which wraps to 5 in 64 bits', '10000000000000005\r\n', 'CHUNK_SIZE_OVERFLOW'],
    ['bare LF in an extension', '5;a\nhello\r\n', 'BAD_CHUNK_EXTENSION'],
    ['bare LF in a quoted extension', '5;a="\n"\r\nhello\r\n', 'BAD_CHUNK_EXTENSION'],
    ['bare CR in an extension', '5;a\rb\r\nhello\r\n', 'BARE_CR'],
    ['control byte in an extension', '5;\x01\r\nhello\r\n', 'BAD_CHUNK_EXTENSION'],
    ['data longer than the size', '5\r\nhelloo\r\n0\r\n\r\n', 'BAD_CHUNK_END'],
    ['no CR after the data', '5\r\nhello\n0\r\n\r\n', 'BAD_CHUNK_END'],
    ['no LF after the data', '5\r\nhello\r0\r\n\r\n', 'BAD_CHUNK_END'],
    ['bare LF as blank line', '0\r\n\n', 'BARE_LF'],
    ['CR without LF as blank line', '0\r\n\rX', 'BARE_CR'],
    ['bare LF in a trailer', '0\r\nA: b\n\r\n', 'BARE_LF'],
    ['bare CR in a trailer', '0\r\nA: b\rC: d\r\n\r\n', 'BARE_CR'],
    ['folded trailer', '0\r\nA: b\r\n c\r\n\r\n', 'OBS_FOLD'],
    ['space before the colon of a trailer', '0\r\nA : b\r\n\r\n', 'SPACE_BEFORE_COLON'],
    ['a request where a trailer should be', '0\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n', 'SPACE_BEFORE_COLON'],
    ['white space before the first trailer', '0\r\n A: b\r\n\r\n', 'LEADING_WHITESPACE'],
    ['control byte in a trailer', '0\r\nA: \x00\r\n\r\n', 'CONTROL_BYTE'],
  ];
  for (const [what, text, expected] of cases) {
    it(`${what} → ${expected}`, () => {
      assert.equal(decode(text).outcome, expected);
      assert.equal(decode(text, everyByte(text)).outcome, expected);
    });
  }

  it('bounds the extensions of a whole body', () => {
    const limits = { ...DEFAULT_CHUNKED_LIMITS, extensionBytesMax: 6 };
    assert.equal(decode('1;ab\r\nx\r\n1;ab\r\nx\r\n0\r\n\r\n', [], limits).outcome, 'OK');
    assert.equal(decode('1;ab\r\nx\r\n1;abc\r\nx\r\n0\r\n\r\n', [], limits).outcome, 'CHUNK_EXTENSIONS_TOO_LARGE');
  });

  it('stays in ERROR', () => {
    const decoder = new ChunkedDecoder();
    const bytes = Buffer.from('x0\r\n\r\n', 'latin1');
    decoder.step(bytes, 0, bytes.length);
    decoder.step(bytes, 1, bytes.length);
    assert.equal(decoder.piece, ChunkPiece.ERROR);
  });
});

describe('ChunkedDecoder: data that goes by natively', () => {
  it('knows what is left of a chunk and goes on after skipped()', () => {
    const decoder = new ChunkedDecoder();
    const head = Buffer.from('1fffffffffffff\r\n', 'latin1');
    assert.equal(decoder.step(head, 0, head.length), head.length);
    assert.equal(decoder.piece, ChunkPiece.NEED_MORE);
    assert.equal(decoder.remainingInChunk, Number.MAX_SAFE_INTEGER);
    decoder.skipped(Number.MAX_SAFE_INTEGER - 2);
    const tail = Buffer.from('ab\r\n0\r\n\r\n', 'latin1');
    const position = decoder.step(tail, 0, tail.length);
    assert.deepEqual([decoder.piece, decoder.dataOffset, decoder.dataLength], [ChunkPiece.DATA, 0, 2]);
    assert.equal(decoder.step(tail, position, tail.length), tail.length);
    assert.equal(decoder.piece, ChunkPiece.END);
  });

  it('knows of no data before the size line is complete', () => {
    const decoder = new ChunkedDecoder();
    const head = Buffer.from('10000;a=b\r\n', 'latin1');
    for (let at = 0; at < head.length - 1; at++) {
      assert.equal(decoder.step(head, at, at + 1), at + 1);
      assert.equal(decoder.remainingInChunk, 0, `after ${at + 1} bytes`);
    }
    decoder.step(head, head.length - 1, head.length);
    assert.equal(decoder.remainingInChunk, 0x10000);
  });

  it('expects the end of the chunk after all of it was skipped', () => {
    const decoder = new ChunkedDecoder();
    const bytes = Buffer.from('5\r\n', 'latin1');
    decoder.step(bytes, 0, bytes.length);
    decoder.skipped(5);
    assert.equal(decoder.remainingInChunk, 0);
    const tail = Buffer.from('X', 'latin1');
    decoder.step(tail, 0, 1);
    assert.equal(errorName(decoder.error), 'BAD_CHUNK_END');
  });

  it('refuses to skip more than there is', () => {
    const decoder = new ChunkedDecoder();
    assert.throws(() => decoder.skipped(1), RangeError);
    assert.throws(() => decoder.skipped(-1), RangeError);
  });
});

describe('ChunkedDecoder: properties', () => {
  const chunk = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 });

  it('gives back the body whatever the chunks and the splits', () => {
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 6 }), fc.array(fc.nat(300), { maxLength: 8 }), (chunks, cuts) => {
        const text = `${chunks.map((data) => `${data.length.toString(16)}\r\n${data}\r\n`).join('')}0\r\n\r\n`;
        const result = decode(
          `${text}tail`,
          [...new Set(cuts)].sort((a, b) => a - b),
        );
        assert.equal(result.outcome, 'OK');
        assert.equal(result.body, chunks.join(''));
        assert.equal(result.rest, 4);
      }),
    );
  });

  it('never depends on the splits, never throws, never leaves its range (fuzz)', () => {
    const piece = fc.oneof(
      fc.constantFrom('5\r\nhello\r\n', '0\r\n', '\r\n', '1;a=b\r\nx\r\n', 'A: b\r\n', '\r', '\n', ';', '0', 'f'),
      fc.string({ unit: 'binary-ascii', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(80), { maxLength: 6 }), (pieces, cuts) => {
        const text = pieces.join('');
        const whole = decode(text);
        for (const some of [everyByte(text), [...new Set(cuts)].sort((a, b) => a - b)]) {
          const split = decode(text, some);
          assert.deepEqual([split.outcome, split.body, split.rest], [whole.outcome, whole.body, whole.rest]);
        }
      }),
      { interruptAfterTimeLimit: fuzzBudgetMs(), numRuns: 1_000_000 },
    );
  });
});
