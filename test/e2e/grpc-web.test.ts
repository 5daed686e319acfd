// gRPC-Web as browsers speak it, to a server that knows gRPC only.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type MethodDefinition, status } from '@grpc/grpc-js';
import { fieldOf } from '../support/configurations.ts';
import { curl, requireCurl } from '../support/curl.ts';
import { callByWeb } from '../support/grpc/grpc-web-call.ts';
import { InteropServer } from '../support/grpc/interop-server.ts';
import {
  type SimpleRequest,
  type SimpleResponse,
  type StreamingOutput,
  type StreamingOutputPiece,
  TEST_SERVICE,
} from '../support/grpc/interop-types.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';

const NAME = 'grpc.example.test';
const ORIGIN = 'https://app.example.test';
const UNARY = TEST_SERVICE.service.UnaryCall as MethodDefinition<SimpleRequest, SimpleResponse>;
const STREAMING = TEST_SERVICE.service.StreamingOutputCall as MethodDefinition<StreamingOutput, StreamingOutputPiece>;
const timeout = 170_000;

async function prepare(context: TestContext) {
  const server = await InteropServer.start(context, 'a');
  const secure = await SecureSite.create(context);
  const middlewares = { web: { grpcWeb: { allowOrigins: [ORIGIN] } } };
  secure.site.writeDynamic(securedTo({ servers: [server.url], certificates: [], middlewares }));
  await secure.site.serve();
  return { server, port: secure.port };
}

for (const isText of [false, true]) {
  test(`unary calls, streams and failures, ${isText ? 'text' : 'binary'}`, { timeout }, async (context) => {
    const { port } = await prepare(context);
    const target = { port, host: NAME, isText, origin: ORIGIN };
    const request = { responseSize: 100_000, payload: { body: Buffer.alloc(70_001, 'x') } };
    const unary = await callByWeb({ ...target, path: UNARY.path, message: UNARY.requestSerialize(request) });
    assert.equal(unary.status, 200);
    assert.match(
      String(unary.headers['content-type']),
      isText ? /^application\/grpc-web-text/ : /^application\/grpc-web(?!-text)/,
    );
    assert.equal(unary.headers['access-control-allow-origin'], ORIGIN);
    assert.equal(unary.messages.length, 1);
    assert.equal(UNARY.responseDeserialize(unary.messages[0]!).payload?.body?.length, 100_000);
    assert.equal(unary.trailers.get('grpc-status'), `${status.OK}`);

    const sizes = [1, 20_000, 3];
    const message = STREAMING.requestSerialize({
      responseParameters: sizes.map((size) => ({ size, intervalUs: 5_000 })),
    });
    const stream = await callByWeb({ ...target, path: STREAMING.path, message });
    const received = stream.messages.map((each) => STREAMING.responseDeserialize(each).payload?.body?.length);
    assert.deepEqual(received, sizes);
    assert.equal(stream.trailers.get('grpc-status'), `${status.OK}`);

    const responseStatus = { code: status.NOT_FOUND, message: 'no such thing' };
    const failing = await callByWeb({
      ...target,
      path: UNARY.path,
      message: UNARY.requestSerialize({ responseStatus }),
    });
    // A status without messages may come in the head instead of a frame.
    const code = failing.trailers.get('grpc-status') ?? failing.headers['grpc-status'];
    assert.deepEqual([failing.status, failing.messages.length, code], [200, 0, `${status.NOT_FOUND}`]);
  });
}

test('a browser asks first whether it may', { timeout }, async (context) => {
  requireCurl(context);
  const { port, server } = await prepare(context);
  const asked = ['Access-Control-Request-Method: POST', 'Access-Control-Request-Headers: content-type,x-grpc-web'];
  const preflight = async (origin: string) => {
    const headers = [...asked, `Origin: ${origin}`, `Host: ${NAME}`].flatMap((each) => ['-H', each]);
    const [answer] = await curl('-X', 'OPTIONS', ...headers, `http://127.0.0.1:${port}${UNARY.path}`);
    return answer!;
  };
  const allowed = await preflight(ORIGIN);
  assert.equal(allowed.status, 200);
  assert.equal(fieldOf(allowed.head, 'Access-Control-Allow-Origin'), ORIGIN);
  assert.equal(fieldOf(allowed.head, 'Access-Control-Allow-Methods'), 'POST');
  const foreign = await preflight('https://evil.example.test');
  assert.equal(fieldOf(foreign.head, 'Access-Control-Allow-Origin'), undefined);
  assert.equal(server.calls, 0);
});
