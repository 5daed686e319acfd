// Answers that must not be measured: another status, another length, fields that are missing or say something else.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { grpcCall } from '../load/load-request.ts';
import { checkAnswer, type Expectation } from './check-answer.ts';

const RIGHT: Expectation = {
  protocol: 'h2c',
  request: grpcCall('/right', 8),
  bodyBytes: 13,
  fields: ['X-Made-By'],
  values: { 'grpc-status': '0' },
};

/** Sends back what it gets, with a status of gRPC that the path chooses. */
async function echo(context: TestContext): Promise<number> {
  const server = createServer();
  server.on('stream', (stream, headers) => {
    const isRight = headers[':path'] === '/right';
    stream.respond({ ':status': isRight ? 200 : 500, 'x-made-by': 'test' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.pipe(stream);
  });
  server.listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('only what is right in every respect passes', async (context) => {
  const port = await echo(context);
  await checkAnswer(port, RIGHT);
  await assert.rejects(checkAnswer(port, { ...RIGHT, request: grpcCall('/wrong', 8) }), /status 500/);
  await assert.rejects(checkAnswer(port, { ...RIGHT, bodyBytes: 12 }), /13 bytes, not 12/);
  await assert.rejects(checkAnswer(port, { ...RIGHT, fields: ['X-Made-By', 'X-Other'] }), /without X-Other/);
  await assert.rejects(checkAnswer(port, { ...RIGHT, values: { 'grpc-status': '1' } }), /grpc-status 0, not 1/);
});
