// gRPC-Web through the whole data path, with a server that speaks the messages of gRPC over HTTP/1.1: what reaches it, and what
// a browser gets. The protocol itself is tested beside the middleware.

import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const MIDDLEWARES = { web: 'grpcWeb: { allowOrigins: "https://app.example" }' };
const MESSAGE = '\0\0\0\0\x02hi';
const TRAILERS = 'grpc-status: 0\r\ngrpc-message: fine\r\n';
const FRAME = `\x80\0\0\0${String.fromCharCode(TRAILERS.length)}${TRAILERS}`;
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: application/grpc+proto\r\nTrailer: grpc-status\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n${MESSAGE}\r\n0\r\n${TRAILERS}\r\n`;

function call(type: string, body: string): string {
  const fields = `Host: h\r\nOrigin: https://app.example\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}`;
  return `POST /echo.Echo/Say HTTP/1.1\r\n${fields}\r\n\r\n${body}`;
}

/** Chunks of a complete body. */
function chunks(received: string): string[] {
  const body = received.slice(received.indexOf('\r\n\r\n') + 4);
  const found: string[] = [];
  for (let at = 0; ; ) {
    const line = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.slice(at, line), 16);
    if (size === 0) {
      assert.equal(body.slice(line), '\r\n\r\n', 'no trailers are sent behind the body');
      return found;
    }
    found.push(body.slice(line + 2, line + 2 + size));
    at = line + 4 + size;
  }
}

const isComplete = (received: string): boolean => received.endsWith('\r\n0\r\n\r\n');

test('binary mode', async () => {
  proxy = await startProxy(answerHeads(ANSWER), { middlewares: MIDDLEWARES });
  const client = await proxy.client();
  client.write(call('application/grpc-web+proto', MESSAGE));
  const received = await client.until(isComplete);
  assert.equal(chunks(received).join(''), MESSAGE + FRAME);
  const head = received.slice(0, received.indexOf('\r\n\r\n')).toLowerCase();
  assert.match(head, /\r\ncontent-type: application\/grpc-web\+proto(\r\n|$)/);
  assert.match(head, /\r\naccess-control-allow-origin: https:\/\/app\.example(\r\n|$)/);
  assert.match(head, /\r\naccess-control-expose-headers: [^\r]*grpc-status, grpc-message(\r\n|$)/);
  assert.doesNotMatch(head, /\r\n(trailer|content-length):/);
  const sent = proxy.server.received;
  assert.match(sent.toLowerCase(), /\r\ncontent-type: application\/grpc\+proto\r\n/);
  assert.match(sent.toLowerCase(), /\r\nte: trailers\r\n/);
  assert.ok(sent.endsWith(MESSAGE));
});

test('text mode', async () => {
  proxy = await startProxy(answerHeads(ANSWER), { middlewares: MIDDLEWARES });
  const client = await proxy.client();
  client.write(call('application/grpc-web-text', Buffer.from(MESSAGE, 'latin1').toString('base64')));
  const received = await client.until(isComplete);
  const text = chunks(received).join('').match(/.{4}/gs) ?? [];
  const decoded = text.map((group) => Buffer.from(group, 'base64').toString('latin1')).join('');
  assert.equal(decoded, MESSAGE + FRAME);
  assert.match(received, /\r\ncontent-type: application\/grpc-web-text\+proto\r\n/i);
  await proxy.server.untilText(`7\r\n${MESSAGE}\r\n0\r\n\r\n`);
});

test('calls and other requests on one connection do not mix', async () => {
  proxy = await startProxy(answerHeads(ANSWER), { middlewares: MIDDLEWARES });
  const client = await proxy.client();
  client.write(call('application/grpc', MESSAGE));
  const plain = await client.until((received) => received.endsWith(`0\r\n${TRAILERS}\r\n`));
  assert.match(plain, /\r\ncontent-type: application\/grpc\+proto\r\n/i);
  assert.doesNotMatch(plain, /access-control/i);
  client.write(call('application/grpc-web', MESSAGE));
  const both = await client.until(isComplete);
  assert.ok(both.slice(plain.length).includes(FRAME));
});

test('text that is no base64 costs this call', async () => {
  proxy = await startProxy(answerHeads(ANSWER), { middlewares: MIDDLEWARES, faultsExpected: true });
  const client = await proxy.client();
  client.write(call('application/grpc-web-text', 'AA$A'));
  assert.match(await client.untilEnd(), /^HTTP\/1\.1 500 /);
});

test('a preflight is answered without the server', async () => {
  proxy = await startProxy(answerHeads(ANSWER), { middlewares: MIDDLEWARES });
  const client = await proxy.client();
  const asked = 'Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: x-grpc-web';
  client.write(`OPTIONS /echo.Echo/Say HTTP/1.1\r\nHost: h\r\nOrigin: https://app.example\r\n${asked}\r\n\r\n`);
  const received = await client.untilText('\r\n\r\n');
  assert.match(received, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(received, /\r\nAccess-Control-Allow-Origin: https:\/\/app\.example\r\n/);
  assert.match(received, /\r\nContent-Length: 0\r\n/);
  assert.equal(proxy.server.received, '');
});
