// Failures of the proxy as clients of gRPC see them: an answer of HTTP 200 with a status of gRPC (gRPC over HTTP/2, "Trailers-Only").
// Everybody else gets what there has always been.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { decodeStaticText } from '@sluice/config';
import { type Middleware, plainAnswer, Verdict } from '@sluice/middlewares';
import { AccessLog, LineOutput, OutputTroubles } from '@sluice/observability/access-log';
import { MemoryTarget } from '@sluice/observability/testing';
import { FrameType, Http2ErrorCode } from '@sluice/protocols';
import { MetricKind, readLabels, ServerHealth } from '@sluice/shared-state';
import { FrameClient, requestFields } from '../src/testing/frame-client.ts';
import { probes } from '../src/testing/probe-middleware.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads, type RawHandler } from '../src/testing/raw-server.ts';

const CALL = { ':method': 'POST', ':path': '/a.B/C', 'content-type': 'application/grpc', te: 'trailers' };
const MESSAGE = '\0\0\0\0\0';
const silence: RawHandler = () => {};

describe('failures of calls of gRPC', () => {
  let proxy: ProxyUnderTest;
  let client: FrameClient | undefined;
  const start = async (options: ProxyOptions = {}, handler: RawHandler = silence) => {
    proxy = await startProxy(handler, options);
    client = await FrameClient.open(proxy.port);
    return client;
  };
  afterEach(async () => {
    client?.close();
    await proxy.close();
  });

  /** A head that ends its stream, and nothing else. */
  const assertAnswer = (streamId: number, grpcStatus: number, message: string) => {
    const frames = client!.of(streamId).filter(({ type }) => type !== FrameType.RST_STREAM);
    assert.equal(frames.length, 1);
    const [{ type, flags, fields }] = frames as [(typeof frames)[number]];
    assert.deepEqual([type, flags & 1], [FrameType.HEADERS, 1]);
    const wanted = ['content-type: application/grpc', `grpc-status: ${grpcStatus}`, `grpc-message: ${message}`];
    const sent = fields.filter((field) => !/^(date|content-length): /.test(field));
    assert.deepEqual(sent, [':status: 200', ...wanted]);
    // The rest of a request that has not ended is not wanted.
    assert.equal(client!.resetCode(streamId) ?? Http2ErrorCode.NO_ERROR, Http2ErrorCode.NO_ERROR);
  };

  it('are a head with a status of gRPC, whether the request has ended or not', async () => {
    const client = await start({ rule: 'PathPrefix(`/x`)' });
    client.headers(1, requestFields(CALL), false).data(1, MESSAGE, true);
    client.headers(3, requestFields({ ...CALL, 'content-type': 'application/grpc+proto' }), false);
    for (const id of [1, 3]) {
      await client.untilOver(id);
      assertAnswer(id, 12, '404 Not Found');
    }
  });

  it('are told apart from those of other requests on the same connection', async () => {
    const client = await start({ rule: 'PathPrefix(`/x`)' });
    for (const [index, type] of ['application/grpc-web', 'application/json', ''].entries()) {
      const id = 2 * index + 1;
      client.headers(id, requestFields({ ...CALL, 'content-type': type }), false).data(id, MESSAGE, true);
      await client.untilOver(id);
      assert.deepEqual([client.status(id), client.body(id)], ['404', '404 page not found\n']);
    }
    client.headers(7, requestFields({ 'content-type': 'application/grpc' }));
    await client.untilOver(7);
    assert.equal(client.status(7), '404', 'a request without a body is no call');
  });

  it('stay failures of HTTP over HTTP/1', async () => {
    await start({ rule: 'PathPrefix(`/x`)' });
    const old = await proxy.client();
    old.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc\r\nContent-Length: 5\r\n\r\n\0\0\0\0\0');
    assert.match(await old.until((text) => text.endsWith('not found\n')), /^HTTP\/1\.1 404 Not Found\r\n/);
  });

  it('are UNAVAILABLE when no server is up, or none can be reached', async () => {
    const client = await start();
    proxy.status.setHealth(proxy.rowOfServer(proxy.server.url), ServerHealth.DOWN);
    client.headers(1, requestFields(CALL), false);
    await client.untilOver(1);
    assertAnswer(1, 14, '503 Service Unavailable');
    proxy.status.setHealth(proxy.rowOfServer(proxy.server.url), ServerHealth.UP);
    await proxy.server.close();
    client.headers(3, requestFields(CALL), false).data(3, MESSAGE);
    await client.untilOver(3);
    assertAnswer(3, 14, '502 Bad Gateway');
  });

  it('are DEADLINE_EXCEEDED when a server is late, long after the head of the request', async () => {
    const client = await start({ transport: { forwardingTimeouts: { responseHeaderTimeout: 50 } } });
    client.headers(1, requestFields(CALL), false).data(1, MESSAGE, true);
    await proxy.server.untilText('0\r\n\r\n');
    // Its head takes the place in memory that the call's had.
    client.headers(3, requestFields({ ':path': `/${'x'.repeat(900)}` }));
    await client.untilOver(1);
    assertAnswer(1, 4, '504 Gateway Timeout');
    await client.untilOver(3);
    assert.equal(client.status(3), '504');
  });

  it('are those of servers that send what is no response', async () => {
    const client = await start({}, answerHeads('rubbish\r\n\r\n'));
    client.headers(1, requestFields(CALL), false).data(1, MESSAGE, true);
    await client.untilOver(1);
    assertAnswer(1, 13, '500 Internal Server Error');
  });

  it('that middlewares find have the status that clients make of theirs; what they add stays', async () => {
    const seen: number[] = [];
    const outer: Middleware = {
      onResponse({ response }) {
        seen.push(response.status);
        response.set('x-outer', 'a');
      },
    };
    const inner: Middleware = {
      onRequest(exchange) {
        exchange.answer(plainAnswer(Number(exchange.request.path.slice(1)), 'secret'));
        return Verdict.ANSWERED;
      },
    };
    const client = await start(probes({ outer, inner }));
    const expected: readonly (readonly [number, number, string])[] = [
      [400, 13, 'Bad Request'],
      [401, 16, 'Unauthorized'],
      [403, 7, 'Forbidden'],
      [429, 14, 'Too Many Requests'],
      [418, 2, ''],
    ];
    for (const [index, [httpStatus, grpcStatus, reason]] of expected.entries()) {
      const id = 2 * index + 1;
      client.headers(id, requestFields({ ...CALL, ':path': `/${httpStatus}` }), false);
      await client.untilOver(id);
      const { fields } = client.of(id, FrameType.HEADERS)[0]!;
      assert.ok(fields.includes(`grpc-status: ${grpcStatus}`), `${fields}`);
      assert.ok(fields.some((field) => field.startsWith(`grpc-message: ${httpStatus} ${reason}`.trimEnd())));
      assert.ok(fields.includes('x-outer: a') && !`${fields}`.includes('nosniff'), `${fields}`);
      assert.equal(client.body(id), '');
    }
    assert.deepEqual(
      seen,
      expected.map(([httpStatus]) => httpStatus),
      'middlewares deal with what happened',
    );
  });

  it('are no redirections', async () => {
    const client = await start({ middlewares: { web: 'redirectScheme: { scheme: https }' } });
    client.headers(1, requestFields(CALL), false);
    await client.untilOver(1);
    assert.match(client.status(1)!, /^30/);
  });

  it('of a middleware are INTERNAL when it throws', async () => {
    const broken: Middleware = {
      onRequest() {
        throw new Error('broken');
      },
    };
    const client = await start({ ...probes({ broken }), faultsExpected: true });
    client.headers(1, requestFields(CALL), false);
    await client.untilOver(1);
    assertAnswer(1, 13, '500 Internal Server Error');
  });

  it('behind the head of an answer reset the stream', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n';
    const client = await start({}, (connection, chunk) => {
      if (!chunk.endsWith('0\r\n\r\n')) return;
      connection.socket.write(`${head}5\r\n${MESSAGE}\r\n`, () => connection.socket.resetAndDestroy());
    });
    client.headers(1, requestFields(CALL), false).data(1, MESSAGE, true);
    await client.untilOver(1);
    assert.equal(client.resetCode(1), Http2ErrorCode.INTERNAL_ERROR);
    assert.equal(client.of(1, FrameType.HEADERS).length, 1);
  });

  it('keep their status of HTTP in the access log; metrics count that of gRPC', async () => {
    const { accessLog } = decodeStaticText('accessLog: { format: json }', 'yaml', 'test.yaml').configuration;
    const target = new MemoryTarget();
    const troubles = new OutputTroubles({ onTrouble: () => {}, onRecovered: () => {}, onReopenFailed: () => {} });
    const log = new AccessLog(accessLog!, new LineOutput({ target, troubles }));
    const client = await start({ accessLog: log, metrics: {} });
    await proxy.server.close();
    client.headers(1, requestFields(CALL), false).data(1, MESSAGE, true);
    await client.untilOver(1);
    await proxy.server.until(() => target.lines.length === 1, 'a line');
    const { DownstreamStatus, OriginStatus, DownstreamContentSize } = JSON.parse(target.lines[0]!);
    assert.deepEqual([DownstreamStatus, OriginStatus, DownstreamContentSize], [502, 502, 0]);
    assert.deepEqual(countedCodes(proxy), ['14 grpc', '14 grpc', '14 grpc']);
  });
});

/** Of entry point, router and service. */
function countedCodes({ counted }: ProxyUnderTest): string[] {
  const codes: string[] = [];
  for (let row = 1; row < counted!.end; row++) {
    const { kind, labels } = counted!.key(row);
    if (!counted!.isUsed(row) || kind >= MetricKind.OPEN_CONNECTIONS) continue;
    const { code, protocol } = readLabels(labels);
    codes.push(`${code} ${protocol}`);
  }
  return codes;
}
