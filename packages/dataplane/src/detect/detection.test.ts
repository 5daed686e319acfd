// Who gets a connection by its first bytes, alone and in order of precedence.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DownstreamConnection } from '../worker/downstream-connection.ts';
import { Detection, UNDECIDED } from './detection.ts';
import { http2Taker } from './http2-taker.ts';
import { Claim, type ProtocolTaker } from './protocol-taker.ts';
import { tlsTaker } from './tls-taker.ts';

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** A connection as far as takers look at it. */
function connection(isReady: boolean): DownstreamConnection {
  const context = { tls: { isReady }, openHttp2: () => {} };
  return { context } as unknown as DownstreamConnection;
}

function found(text: string, from: DownstreamConnection, takers = [tlsTaker, http2Taker]): unknown {
  const detection = new Detection(takers);
  const bytes = Buffer.from(`..${text}..`, 'latin1');
  if (!detection.mayBeOther(bytes[2])) return undefined;
  return detection.takerOf(from, bytes, 2, bytes.length - 2);
}

test('TLS is known by one byte, HTTP/2 by its preface; all else is left to HTTP/1', () => {
  const both = connection(true);
  assert.equal(found('\x16', both), tlsTaker);
  assert.equal(found('\x16\x03\x01', both), tlsTaker);
  for (let length = 1; length < PREFACE.length; length++) {
    assert.equal(found(PREFACE.slice(0, length), both), UNDECIDED, String(length));
  }
  assert.equal(found(PREFACE, both), http2Taker);
  assert.equal(found(`${PREFACE}more`, both), http2Taker);
  for (const text of [
    'GET / HTTP/1.1\r\n',
    'PO',
    'POST / ',
    'PUT',
    'PRO',
    'PRI * HTTP/1.1',
    '\r\n',
    '\x15\x03',
    '\0',
  ]) {
    assert.equal(found(text, both), undefined, text);
  }
});

test('without certificates and options, TLS is nobody’s', () => {
  const plain = connection(false);
  for (const text of ['\x16', '\x16\x03\x01']) assert.equal(found(text, plain), undefined, text);
  assert.equal(found(PREFACE, plain), http2Taker);
});

test('who is asked first comes first, and is waited for', () => {
  const from = connection(true);
  const greedy: ProtocolTaker = {
    firstBytes: undefined,
    claim: (_from, _bytes, start, end) => (end - start < 3 ? Claim.NEED_MORE : Claim.YES),
    take: () => {},
  };
  assert.equal(found('\x16\x03', from, [greedy, tlsTaker]), UNDECIDED);
  assert.equal(found('\x16\x03\x01', from, [greedy, tlsTaker]), greedy);
  assert.equal(found('GET', from, [tlsTaker, greedy]), greedy);
  assert.equal(found('\x16', from, [tlsTaker, greedy]), tlsTaker);
});
