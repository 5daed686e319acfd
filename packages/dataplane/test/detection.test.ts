// First bytes on a cleartext port, in whatever pieces they come: whoever speaks HTTP/2 gets the connection with all of them, HTTP/1
// notices nothing, and who says too little has its time.

import assert from 'node:assert/strict';
import { afterEach, it } from 'node:test';
import type { OpenHttp2 } from '../src/detect/open-http2.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest;
afterEach(() => proxy.close());

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What HTTP/2 was opened with. */
const opened: string[] = [];
const openHttp2: OpenHttp2 = (from, tls, bytes, start, end) => {
  opened.push(`${tls?.version ?? 'plain'} ${bytes.latin1Slice(start, end)}`);
  from.closeGracefully();
};

async function start(options: ProxyOptions = {}): Promise<void> {
  opened.length = 0;
  proxy = await startProxy(answerHeads(OK), { openHttp2, ...options });
}

it('a preface is HTTP/2, whole, with more behind it, and byte by byte', async () => {
  await start();
  for (const text of [PREFACE, `${PREFACE}frames`]) {
    const client = await proxy.client();
    client.write(text);
    await client.untilEnd();
    assert.equal(opened.pop(), `plain ${text}`);
  }
  const slow = await proxy.client();
  for (const character of PREFACE) {
    slow.write(character);
    await pause(1);
  }
  await slow.untilEnd();
  assert.equal(opened.pop(), `plain ${PREFACE}`);
  assert.equal(proxy.dataplane.bufferedBytes, 0);
  await proxy.server.until(() => proxy.dataplane.connectionCount === 0, 'the end');
});

it('what only begins like one is HTTP/1, in pieces too, and only the first bytes count', async () => {
  await start();
  const client = await proxy.client();
  for (const piece of [
    'P',
    'UT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n',
    'hi',
    'P',
    'RI / HTTP/1.1\r\nHost: h\r\n\r\n',
  ]) {
    client.write(piece);
    await pause(5);
  }
  await client.until((received) => received.split('200 OK').length === 3, 'two answers');
  client.write(PREFACE);
  await client.untilText('HTTP/1.1 505 ');
  assert.deepEqual(opened, []);
  const single = await proxy.client();
  for (const character of 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n') {
    single.write(character);
    await pause(0);
  }
  await single.untilText('ok');
});

it('too few bytes to tell have the time of a request', async () => {
  await start({ respondingTimeouts: { readTimeout: 300 } });
  const client = await proxy.client();
  client.write('PRI *');
  await client.untilText('HTTP/1.1 408 ');
  await client.untilEnd();
  const silent = await proxy.client();
  await silent.untilEnd();
  assert.equal(proxy.dataplane.bufferedBytes, 0);
});
