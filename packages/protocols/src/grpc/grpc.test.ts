import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CATALOGUE, Errors } from '@sluice/errors';
import fc from 'fast-check';
import { isFieldValue } from '../http1/added-fields.ts';
import { isGrpcContentType, isGrpcContentTypeAt } from './grpc-content-type.ts';
import { decodeGrpcMessage, encodeGrpcMessage } from './grpc-message.ts';
import { GrpcStatus, grpcStatusOfError, grpcStatusOfHttp } from './grpc-status.ts';
import { parseGrpcTimeoutMs } from './grpc-timeout.ts';

test('a status of HTTP is what clients make of it', () => {
  const expected = { 400: 13, 401: 16, 403: 7, 404: 12, 429: 14, 502: 14, 503: 14, 504: 14, 418: 2, 200: 2, 0: 2 };
  for (const [status, code] of Object.entries(expected)) assert.equal(grpcStatusOfHttp(Number(status)), code, status);
});

test('failures of ours say whether trying again is of use', () => {
  const expected: Partial<Record<keyof typeof Errors, number>> = {
    NO_ROUTER: GrpcStatus.UNIMPLEMENTED,
    NO_SERVER_AVAILABLE: GrpcStatus.UNAVAILABLE,
    UPSTREAM_CONNECT_REFUSED: GrpcStatus.UNAVAILABLE,
    UPSTREAM_CONNECT_TIMEOUT: GrpcStatus.UNAVAILABLE,
    UPSTREAM_NAME_NOT_RESOLVED: GrpcStatus.UNAVAILABLE,
    UPSTREAM_QUEUE_FULL: GrpcStatus.UNAVAILABLE,
    UPSTREAM_RESET_BEFORE_HEAD: GrpcStatus.UNAVAILABLE,
    UPSTREAM_RESPONSE_HEAD_TIMEOUT: GrpcStatus.DEADLINE_EXCEEDED,
    UPSTREAM_MALFORMED_RESPONSE: GrpcStatus.INTERNAL,
    DOWNSTREAM_CLOSED: GrpcStatus.CANCELLED,
    DOWNSTREAM_HEAD_TOO_LARGE: GrpcStatus.RESOURCE_EXHAUSTED,
    MIDDLEWARE_FAULT: GrpcStatus.INTERNAL,
    BUFFERS_EXHAUSTED: GrpcStatus.UNAVAILABLE,
  };
  for (const [code, status] of Object.entries(expected)) {
    assert.equal(grpcStatusOfError(Errors[code as keyof typeof Errors].id), status, code);
  }
});

test('what another server may be asked for at once is never final for the client either', () => {
  for (const { id, code, retry } of CATALOGUE) {
    if (retry === 'next-server') assert.equal(grpcStatusOfError(id), GrpcStatus.UNAVAILABLE, code);
  }
});

test('everything that gets an answer has a status that says more than unknown; nothing is a success', () => {
  for (const { id, code, status } of CATALOGUE) {
    assert.notEqual(grpcStatusOfError(id), GrpcStatus.OK, code);
    if (status !== 0) assert.notEqual(grpcStatusOfError(id), GrpcStatus.UNKNOWN, code);
  }
  assert.equal(grpcStatusOfError(255), GrpcStatus.UNKNOWN);
  assert.equal(grpcStatusOfError(-1), GrpcStatus.UNKNOWN);
});

test('timeouts in every unit', () => {
  const expected = {
    '1H': 3_600_000,
    '2M': 120_000,
    '3S': 3_000,
    '4m': 4,
    '5000u': 5,
    '1n': 1e-6,
    '0m': 0,
    '00000007S': 7_000,
  };
  for (const [value, ms] of Object.entries(expected)) assert.equal(parseGrpcTimeoutMs(value), ms, value);
  assert.equal(parseGrpcTimeoutMs('99999999H'), 99_999_999 * 3_600_000);
  for (const value of [
    '',
    'S',
    '5',
    '5s',
    '5h',
    '123456789S',
    '-1S',
    '+1S',
    '1.5S',
    ' 1S',
    '1S ',
    '1 S',
    '0x1S',
    '١S',
  ]) {
    assert.equal(parseGrpcTimeoutMs(value), undefined, value);
  }
});

test('messages: printable ASCII stays, the rest is escaped, and comes back', () => {
  assert.equal(encodeGrpcMessage('no server: "a"'), 'no server: "a"');
  assert.equal(encodeGrpcMessage('100% ü\n'), '100%25 %C3%BC%0A');
  assert.equal(decodeGrpcMessage('100%25 %c3%BC%0A'), '100% ü\n');
  assert.equal(decodeGrpcMessage('5% off, 5%zz, %'), '5% off, 5%zz, %');
  assert.equal(decodeGrpcMessage('%FF'), '\ufffd');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const encoded = encodeGrpcMessage(text);
      assert.ok(isFieldValue(encoded));
      assert.equal(decodeGrpcMessage(encoded), text.toWellFormed());
    }),
  );
});

test('content types of gRPC', () => {
  const check = (type: string, expected: boolean) => {
    assert.equal(isGrpcContentType(type), expected, type);
    assert.equal(isGrpcContentTypeAt(Buffer.from(`: ${type}+`), 2, type.length), expected, type);
  };
  for (const type of ['application/grpc', 'application/grpc+proto', 'application/grpc;x=y', 'Application/GRPC +x'])
    check(type, true);
  for (const type of ['', 'application/grp', 'application/grpc-web', 'application/grpcx', 'text/html; of some length'])
    check(type, false);
  assert.equal(isGrpcContentType(undefined), false);
});
