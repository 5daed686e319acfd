// Connections of HTTP/2 from the first byte to the last: preface, settings, timeouts, limits, leaving in order. In frames.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { FrameFlag, FrameType, Http2ErrorCode } from '@sluice/protocols';
import { FrameClient, requestFields } from '../../src/testing/frame-client.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import { RawClient } from '../../src/testing/raw-client.ts';
import { answerHeads, type RawHandler } from '../../src/testing/raw-server.ts';

const OK = 'HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 2\r\n\r\nok';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const EMPTY_SETTINGS = '\0\0\0\x04\0\0\0\0\0';
const POST = { ':method': 'POST' };

let proxy: ProxyUnderTest;
let client: FrameClient | undefined;

afterEach(async () => {
  client?.close();
  client = undefined;
  await proxy.close();
});

async function start(
  handler: RawHandler = answerHeads(OK),
  options: ProxyOptions = {},
  settings: readonly number[] = [],
): Promise<FrameClient> {
  proxy = await startProxy(handler, options);
  client = await FrameClient.open(proxy.port, settings);
  return client;
}

async function untilEnd(frames: FrameClient): Promise<void> {
  await frames.until(() => frames.ended, 'the end of the connection');
}

describe('connections of HTTP/2', () => {
  it('begin byte by byte as well, and next to HTTP/1', async () => {
    proxy = await startProxy(answerHeads(OK));
    const raw = await RawClient.open(proxy.port);
    for (const byte of PREFACE + EMPTY_SETTINGS) {
      raw.write(byte);
      await new Promise((resolve) => setImmediate(resolve));
    }
    // SETTINGS of ours, and the acknowledgement of theirs.
    await raw.until((received) => received.includes('\0\0\0\x04\x01\0\0\0\0'), 'the acknowledgement');
    raw.close();
    for (const method of ['POST', 'PUT', 'PATCH', 'PRIME']) {
      const plain = await proxy.client();
      for (const byte of `${method} / HTTP/1.1\r\nHost: h\r\n\r\n`) plain.write(byte);
      await plain.untilText('200 OK');
    }
  });

  it('announce what is configured', async () => {
    proxy = await startProxy(answerHeads(OK), {
      http: { maxHeaderBytes: 2_000 },
      http2: { maxConcurrentStreams: 7, maxDecoderHeaderTableSize: 100 },
    });
    client = await FrameClient.open(proxy.port);
    await client.until(() => client!.frames.length > 0, 'the settings');
    const settings = client.frames[0]!.payload.toString('hex').match(/.{12}/g);
    assert.deepEqual(settings, ['000100000064', '000300000007', '000400040000', '000600000910', '000800000001']);
  });

  it('keep to the size of the table that is configured', async () => {
    const frames = await start(answerHeads(OK), {
      http2: { maxDecoderHeaderTableSize: 0, maxEncoderHeaderTableSize: 0 },
    });
    for (let id = 1; id < 20; id += 2) frames.compressed(id, requestFields({ 'x-some': 'value' }));
    for (let id = 1; id < 20; id += 2) {
      await frames.untilOver(id);
      assert.equal(frames.status(id), '200');
    }
  });

  it('refuse streams beyond the limit', async () => {
    const frames = await start(() => {}, { http2: { maxConcurrentStreams: 2 } });
    for (const id of [1, 3, 5]) frames.headers(id, requestFields());
    await frames.untilOver(5);
    assert.equal(frames.resetCode(5), Http2ErrorCode.REFUSED_STREAM);
    assert.deepEqual([frames.isOver(1), frames.isOver(3)], [false, false]);
  });

  it('end with GOAWAY when a rule is broken, and their streams with them', async () => {
    const frames = await start(() => {});
    frames.headers(1, requestFields());
    await proxy.server.untilText('\r\n\r\n');
    frames.windowUpdate(0, 0);
    await untilEnd(frames);
    assert.equal(frames.goawayCode(), Http2ErrorCode.PROTOCOL_ERROR);
    await proxy.untilQuiet();
    await proxy.server.until(({ connections }) => connections[0]!.ended, 'the end of the connection to the server');
  });

  it('end when a field block cannot be decoded', async () => {
    const frames = await start();
    frames.frame(FrameType.HEADERS, FrameFlag.END_HEADERS | FrameFlag.END_STREAM, 1, Buffer.of(0xff, 0xff, 0xff));
    await untilEnd(frames);
    assert.equal(frames.goawayCode(), Http2ErrorCode.COMPRESSION_ERROR);
  });

  it('end when streams are opened and reset faster than the limit', async () => {
    const frames = await start(() => {}, { http2: { limits: { resets: { burst: 50, perSecond: 1 } } } });
    for (let id = 1; id < 400; id += 2) frames.headers(id, requestFields()).reset(id, Http2ErrorCode.CANCEL);
    await untilEnd(frames);
    assert.equal(frames.goawayCode(), Http2ErrorCode.ENHANCE_YOUR_CALM);
    await proxy.untilQuiet();
  });

  it('answer PING, in its place', async () => {
    const frames = await start();
    frames.headers(1, requestFields()).frame(FrameType.PING, 0, 0, Buffer.from('12345678'));
    await frames.until(() => frames.of(0, FrameType.PING).length === 1, 'the answer');
    assert.equal(frames.of(0, FrameType.PING)[0]!.payload.toString(), '12345678');
    await frames.untilOver(1);
  });
});

describe('times of HTTP/2', () => {
  const timeouts = (respondingTimeouts: ProxyOptions['respondingTimeouts']) => ({ respondingTimeouts });

  it('end connections whose settings do not come', async () => {
    proxy = await startProxy(answerHeads(OK), timeouts({ readTimeout: 300 }));
    const raw = await proxy.client();
    raw.write(PREFACE);
    await raw.untilEnd();
  });

  it('end connections whose field block does not come', async () => {
    const frames = await start(answerHeads(OK), timeouts({ readTimeout: 300 }));
    frames.headers(1, requestFields());
    await frames.untilOver(1);
    frames.frame(FrameType.HEADERS, 0, 3, Buffer.of(0x82));
    await untilEnd(frames);
    assert.equal(frames.goawayCode(), Http2ErrorCode.NO_ERROR);
  });

  it('end connections without streams', async () => {
    const frames = await start(answerHeads(OK), timeouts({ idleTimeout: 300 }));
    frames.headers(1, requestFields());
    await frames.untilOver(1);
    const answered = Date.now();
    await untilEnd(frames);
    assert.ok(Date.now() - answered > 100, 'not before its time');
    assert.equal(frames.goawayCode(), Http2ErrorCode.NO_ERROR);
  });

  it('leave connections alone that wait for a server', async () => {
    const frames = await start(
      ({ socket }) => setTimeout(() => socket.write(OK), 800),
      timeouts({ idleTimeout: 200, readTimeout: 300 }),
    );
    frames.headers(1, requestFields());
    await frames.untilOver(1);
    assert.equal(frames.status(1), '200');
  });

  it('end requests whose body does not come, and nothing else', async () => {
    const frames = await start(
      ({ socket }, chunk) => {
        if (chunk.startsWith('GET')) socket.write(OK);
      },
      timeouts({ readTimeout: 300 }),
    );
    frames.headers(1, requestFields(POST), false).data(1, 'a beginning');
    await frames.untilOver(1);
    assert.equal(frames.status(1), '504');
    assert.equal(frames.resetCode(1), Http2ErrorCode.NO_ERROR);
    frames.headers(3, requestFields());
    await frames.untilOver(3);
    assert.equal(frames.status(3), '200');
    await proxy.untilQuiet();
  });

  it('end answers that are not taken', async () => {
    const frames = await start(answerHeads(OK), timeouts({ writeTimeout: 150 }), [4, 0]);
    frames.headers(1, requestFields());
    await frames.untilOver(1);
    assert.equal(frames.status(1), '200');
    assert.equal(frames.resetCode(1), Http2ErrorCode.CANCEL);
    assert.equal(proxy.dataplane.bufferedBytes, 0);
  });

  it('end streams that stall beside others, and connections that stall', async () => {
    const answer: RawHandler = ({ socket }, chunk) => {
      if (!chunk.includes('/waits')) socket.write(OK);
    };
    const frames = await start(answer, { http2: { limits: { stallTime: 200 } } }, [4, 0]);
    frames.headers(1, requestFields());
    await untilEnd(frames);
    assert.equal(frames.goawayCode(), Http2ErrorCode.ENHANCE_YOUR_CALM);
    const other = await FrameClient.open(proxy.port, [4, 0]);
    other.headers(1, requestFields()).headers(3, requestFields({ ':path': '/waits' }));
    await other.untilOver(1);
    assert.equal(other.resetCode(1), Http2ErrorCode.ENHANCE_YOUR_CALM);
    assert.equal(other.ended, false);
    other.close();
  });

  it('cut off readers that are too slow, whatever their streams', async () => {
    const body = 'x'.repeat(200_000);
    const frames = await start(
      answerHeads(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      { limits: { minSendBytesPerSecond: 1_000_000, slowClientGrace: 200 }, slowClientsEveryMs: 50 },
      [4, 2 ** 30],
    );
    frames.windowUpdate(0, 2 ** 30);
    frames.socket.pause();
    for (let id = 1; id < 400; id += 2) frames.headers(id, requestFields());
    await proxy.server.until(() => proxy.exchangeCount > 0, 'the requests');
    // They are more than all buffers on the way can take.
    await proxy.untilQuiet();
    frames.socket.resume();
    await untilEnd(frames);
  });
});

describe('leaving, over HTTP/2', () => {
  it('lets streams under way finish, and takes those that were on their way', async () => {
    const waiting: (() => void)[] = [];
    const frames = await start(({ socket }) => waiting.push(() => socket.write(OK)));
    frames.headers(1, requestFields());
    await proxy.server.until(() => waiting.length === 1, 'the request');
    const drained = proxy.dataplane.drain(0, 30_000);
    await frames.until(() => frames.of(0, FrameType.GOAWAY).length === 1, 'the first GOAWAY');
    assert.equal(frames.of(0, FrameType.GOAWAY)[0]!.payload.readUInt32BE(0), 2 ** 31 - 1);
    frames.headers(3, requestFields());
    await proxy.server.until(() => waiting.length === 2, 'the request that was on its way');
    await frames.until(() => frames.of(0, FrameType.PING).length === 1, 'the PING');
    frames.frame(FrameType.PING, FrameFlag.ACK, 0, frames.of(0, FrameType.PING)[0]!.payload);
    await frames.until(() => frames.of(0, FrameType.GOAWAY).length === 2, 'the second GOAWAY');
    assert.equal(frames.of(0, FrameType.GOAWAY)[1]!.payload.readUInt32BE(0), 3);
    assert.equal(frames.ended, false);
    for (const answer of waiting) answer();
    await frames.untilOver(1);
    await frames.untilOver(3);
    await untilEnd(frames);
    await drained;
  });

  it('closes idle connections, and cuts off what does not end', async () => {
    const frames = await start(() => {});
    await frames.until(() => frames.frames.length > 0, 'the settings');
    const busy = await FrameClient.open(proxy.port);
    busy.headers(1, requestFields());
    await proxy.server.untilText('\r\n\r\n');
    const drained = proxy.dataplane.drain(0, 5_000);
    await untilEnd(frames);
    assert.equal(busy.ended, false);
    await drained;
    await untilEnd(busy);
    assert.equal(proxy.exchangeCount, 0);
  });

  it('follows a number of requests, or an age', async () => {
    const frames = await start(answerHeads(OK), { keepAliveMaxRequests: 3 });
    for (const id of [1, 3, 5]) frames.headers(id, requestFields());
    await frames.until(() => frames.of(0, FrameType.PING).length === 1, 'the PING');
    frames.frame(FrameType.PING, FrameFlag.ACK, 0, frames.of(0, FrameType.PING)[0]!.payload);
    await untilEnd(frames);
    for (const id of [1, 3, 5]) assert.equal(frames.status(id), '200');
    assert.equal(frames.of(0, FrameType.GOAWAY).length, 2);
  });

  it('does not wait for ever for the answer to its PING', async () => {
    const frames = await start(answerHeads(OK), { keepAliveMaxRequests: 1 });
    frames.headers(1, requestFields());
    await frames.untilOver(1);
    await untilEnd(frames);
    assert.equal(frames.goawayCode(), Http2ErrorCode.NO_ERROR);
  });
});
