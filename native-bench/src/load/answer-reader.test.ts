// Ends of answers, however they are split.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AnswerReader } from './answer-reader.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';

test('an answer in single bytes is whole with the last one', () => {
  const reader = new AnswerReader();
  const whole = [...ANSWER].map((byte) => reader.take(Buffer.from(byte)));
  assert.equal(whole.indexOf(true), ANSWER.length - 1);
  assert.equal(reader.status, 200);
  assert.equal(reader.mustClose, false);
});

test('the next answer starts anew', () => {
  const reader = new AnswerReader();
  assert.equal(reader.take(Buffer.from(ANSWER)), true);
  reader.reset();
  assert.equal(reader.hasBegun, false);
  assert.equal(reader.take(Buffer.from('HTTP/1.1 503 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n')), true);
  assert.equal(reader.status, 503);
  assert.equal(reader.mustClose, true);
});

test('an answer without a length uses the connection up', () => {
  const reader = new AnswerReader();
  assert.equal(reader.take(Buffer.from('HTTP/1.1 404 Not Found\r\n\r\n')), true);
  assert.equal(reader.mustClose, true);
});
