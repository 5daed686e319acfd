import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  hasExcessAfterTlsRequest,
  POSTGRES_TLS_REQUEST,
  PostgresAnswer,
  PostgresOpening,
  postgresAnswer,
  postgresOpening,
} from './postgres-startup.ts';

/** Length and code, as much of it as there is. */
function message(length: number, code: number, rest = ''): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt32BE(length);
  head.writeUInt32BE(code, 4);
  return Buffer.concat([head, Buffer.from(rest)]);
}

const OPENINGS: readonly (readonly [Buffer, number])[] = [
  [message(8, 80877103), PostgresOpening.TLS_REQUEST],
  [message(8, 80877104), PostgresOpening.GSS_REQUEST],
  [message(16, 80877102, 'pid secret'), PostgresOpening.CANCEL_REQUEST],
  [message(44, 80877102, 'pid and a secret of protocol 3.2'), PostgresOpening.CANCEL_REQUEST],
  [message(41, 196608, 'user\0me\0database\0mine\0\0'), PostgresOpening.STARTUP],
  [message(10_000, 196610), PostgresOpening.STARTUP],
  [message(10_001, 196608), PostgresOpening.OTHER],
  [message(8, 196608), PostgresOpening.OTHER],
  [message(9, 80877103), PostgresOpening.OTHER],
  [message(7, 80877103), PostgresOpening.OTHER],
  [message(8, 80877102), PostgresOpening.OTHER],
  [message(8, 80877105), PostgresOpening.OTHER],
  [message(20, 131072), PostgresOpening.OTHER],
  [Buffer.from('GET / HTTP/1.1\r\n'), PostgresOpening.OTHER],
  [Buffer.of(0x16, 3, 1), PostgresOpening.OTHER],
  [Buffer.of(0, 1), PostgresOpening.OTHER],
];

/** With bytes around them that must not count. */
function opening(bytes: Uint8Array): number {
  const guarded = Buffer.concat([Buffer.of(0, 0), bytes, Buffer.alloc(8)]);
  return postgresOpening(guarded, 2, 2 + bytes.length);
}

test('what a client begins with', () => {
  for (const [bytes, expected] of OPENINGS) assert.equal(opening(bytes), expected, bytes.toString('hex'));
  assert.equal(opening(POSTGRES_TLS_REQUEST), PostgresOpening.TLS_REQUEST);
});

test('a prefix needs more bytes or says what the whole says', () => {
  for (const [bytes, expected] of OPENINGS) {
    for (let length = 0; length < bytes.length; length++) {
      const result = opening(bytes.subarray(0, length));
      assert.ok(result === PostgresOpening.NEED_MORE || result === expected, `${length} of ${bytes.toString('hex')}`);
    }
  }
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 3, 4, 8, 16, 0xd2, 0x16, 0x2f), { maxLength: 10 }), (values) => {
      const bytes = Uint8Array.from(values);
      const whole = opening(bytes);
      if (bytes.length >= 8) assert.notEqual(whole, PostgresOpening.NEED_MORE);
      for (let length = 0; length < bytes.length; length++) {
        const result = opening(bytes.subarray(0, length));
        assert.ok(result === PostgresOpening.NEED_MORE || result === whole);
      }
    }),
  );
});

test('what a server answers', () => {
  const answer = (text: string): number => postgresAnswer(Buffer.from(`S${text}S`), 1, 1 + text.length);
  assert.equal(answer(''), PostgresAnswer.NEED_MORE);
  assert.equal(answer('S'), PostgresAnswer.WILLING);
  assert.equal(answer('N'), PostgresAnswer.UNWILLING);
  assert.equal(answer('Nothing'), PostgresAnswer.UNWILLING);
  assert.equal(answer('SS'), PostgresAnswer.EXCESS);
  assert.equal(answer('E\0\0\0\x10'), PostgresAnswer.OTHER);
  assert.equal(answer('s'), PostgresAnswer.OTHER);
});

test('a client that does not wait for its answer', () => {
  assert.equal(hasExcessAfterTlsRequest(3, 11), false);
  assert.equal(hasExcessAfterTlsRequest(3, 12), true);
});
