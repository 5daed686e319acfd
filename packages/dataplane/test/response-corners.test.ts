// Responses at the edges of RFC 9110 and RFC 9112: what is legal passes unchanged, what two readers could take differently
// is a 500, and a server connection that is no longer understood is not used again.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads, type RawHandler } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const HEAD = 'HEAD / HTTP/1.1\r\nHost: h\r\n\r\n';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const bodyOf = (received: string) => received.slice(received.indexOf('\r\n\r\n') + 4);

/** Answers the first request as given and every later one with OK. */
function once(answer: string): RawHandler {
  let first = true;
  return (connection, chunk) => {
    answerHeads(first ? answer : OK)(connection, chunk);
    first = false;
  };
}

describe('status lines', () => {
  for (const line of [
    'HTTP/1.1 200 ',
    'HTTP/1.1 600 Beyond',
    'HTTP/1.1 999 Last',
    'HTTP/1.1 299 Caf\xe9 \x80\xff\ttab',
    `HTTP/1.1 200 ${'long '.repeat(1_000)}`,
  ]) {
    it(`passes ${JSON.stringify(line.slice(0, 40))} on`, async () => {
      proxy = await startProxy(answerHeads(`${line}\r\nContent-Length: 0\r\n\r\n`));
      const client = await proxy.client();
      client.write(GET);
      await client.untilText('\r\n\r\n');
      assert.equal(client.received.slice(0, client.received.indexOf('\r\n')), line);
    });
  }

  it('rewrites the version of an HTTP/1.0 server only', async () => {
    proxy = await startProxy(
      answerHeads('HTTP/1.0 299 Caf\xe9\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok'),
    );
    const client = await proxy.client();
    for (let i = 0; i < 2; i++) {
      client.received = '';
      client.write(GET);
      await client.untilText('ok');
      assert.match(client.received, /^HTTP\/1\.1 299 Caf\xe9\r\n/);
      assert.doesNotMatch(client.received, /keep-alive/i);
    }
    assert.equal(proxy.server.connections.length, 1, 'kept, as the server said');
  });
});

describe('responses without a body', () => {
  for (const [request, answer, kept] of [
    [HEAD, 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', true],
    [HEAD, 'HTTP/1.1 200 OK\r\n\r\n', true],
    [HEAD, 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n', true],
    [HEAD, 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil', false],
    [GET, 'HTTP/1.1 204 No Content\r\n\r\n', true],
    [GET, 'HTTP/1.1 204 No Content\r\n\r\nevil', false],
    [GET, 'HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil', false],
    [GET, 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n', false],
    [GET, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n', true],
    [GET, 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n', true],
    [GET, 'HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\nevil', false],
    [GET, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nevil', false],
  ] as const) {
    it(`${request.slice(0, 4)}: ${JSON.stringify(answer.slice(9))} ends with its head`, async () => {
      proxy = await startProxy(once(answer));
      const client = await proxy.client();
      client.write(request);
      await client.untilText('\r\n\r\n');
      await pause(10);
      client.write(GET);
      await client.untilText('\r\n\r\nok');
      assert.ok(!client.received.includes('evil') && !client.received.includes('chunked'), client.received);
      assert.equal(proxy.server.connections.length, kept ? 1 : 2);
    });
  }

  it('a reset to an empty page (205) is read like any other', async () => {
    proxy = await startProxy(once('HTTP/1.1 205 Reset Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'));
    const client = await proxy.client();
    client.write(GET + GET);
    await client.untilText('\r\n\r\nok');
    assert.equal(proxy.server.connections.length, 1);
  });
});

describe('interim responses', () => {
  it('pass in order and number, the last before the final one', async () => {
    const interim = ['102 Processing', '103 Early Hints', '199 Odd', '103 Early Hints'];
    proxy = await startProxy(
      answerHeads(`${interim.map((line, i) => `HTTP/1.1 ${line}\r\nX-N: ${i}\r\n\r\n`).join('')}${OK}`),
    );
    const client = await proxy.client();
    for (let round = 0; round < 2; round++) {
      client.received = '';
      client.write(GET);
      await client.untilText('ok');
      const seen = client.received.split('\r\n\r\n').slice(0, 4);
      assert.deepEqual(
        seen,
        interim.map((line, i) => `HTTP/1.1 ${line}\r\nX-N: ${i}`),
      );
    }
    assert.equal(proxy.server.connections.length, 1);
  });

  it('split at every byte are the same', async () => {
    const bytes = `HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n${OK}`;
    proxy = await startProxy(async (connection) => {
      for (const byte of bytes) {
        connection.socket.write(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('\r\n\r\nok');
    assert.match(client.received, /^HTTP\/1\.1 103 Early Hints\r\nA: b\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  });

  it('of an HTTP/1.0 server get our version', async () => {
    proxy = await startProxy(answerHeads(`HTTP/1.0 103 X\r\nA: b\r\n\r\n${OK}`));
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('ok');
    assert.match(client.received, /^HTTP\/1\.1 103 X\r\nA: b\r\n\r\n/);
  });
});

describe('ends', () => {
  it('a server that closes after a length leaves the client open', async () => {
    proxy = await startProxy(
      (connection) => void connection.socket.end(OK.replace('\r\n', '\r\nConnection: close\r\n')),
    );
    const client = await proxy.client();
    for (let i = 0; i < 3; i++) {
      client.received = '';
      client.write(GET);
      await client.untilText('ok');
      assert.doesNotMatch(client.received, /Connection/);
    }
    assert.equal(proxy.server.connections.length, 3);
  });

  for (const version of ['1.1', '1.0']) {
    for (const [framing, head] of [
      ['the end', ''],
      ['a length', 'Content-Length: 100\r\n'],
      ['chunks', 'Transfer-Encoding: chunked\r\n'],
    ]) {
      for (const how of ['fin', 'reset'] as const) {
        if (framing === 'the end' && how === 'fin') continue;
        it(`a response by ${framing} broken off with ${how} does not look complete to HTTP/${version}`, async () => {
          proxy = await startProxy((connection) => {
            const data = framing === 'chunks' ? '5\r\nhello\r\n' : 'hello';
            connection.socket.write(`HTTP/1.1 200 OK\r\n${head}\r\n${data}`);
            setTimeout(() => {
              if (how === 'fin') connection.socket.end();
              else connection.socket.resetAndDestroy();
            }, 20);
          });
          const client = await proxy.client();
          client.write(`GET / HTTP/${version}\r\nHost: h\r\n\r\n`);
          await client.untilEnd();
          const chunked = /chunked/.test(client.received);
          const announced = /Content-Length: 100/.test(client.received);
          if (chunked) assert.ok(!client.received.includes('\r\n0\r\n'), client.received);
          else if (announced) assert.equal(bodyOf(client.received), 'hello');
          else assert.equal(client.errorCode, 'ECONNRESET', 'only a reset can tell');
          await proxy.untilQuiet();
        });
      }
    }
  }

  it('bytes that come between two responses end the connection', async () => {
    proxy = await startProxy(answerHeads(OK));
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('ok');
    proxy.server.connections[0]!.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
    await proxy.server.until(({ connections }) => connections[0]!.ended, 'the end of the connection');
    client.received = '';
    client.write(GET);
    await client.untilText('ok');
  });
});

describe('both directions at once', () => {
  it('an answer that comes before and during the request body arrives, and both connections are kept', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.includes('POST')) connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (const [piece] of chunk.matchAll(/<\d+>/g)) {
        connection.socket.write(`${piece.length.toString(16)}\r\n${piece}\r\n`);
      }
      if (chunk.endsWith('0\r\n\r\n')) connection.socket.write('0\r\n\r\n');
    });
    const client = await proxy.client();
    for (let round = 0; round < 2; round++) {
      client.received = '';
      client.write('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
      await client.untilText('\r\n\r\n');
      for (let i = 0; i < 10; i++) {
        client.write(`3\r\n<${i}>\r\n`);
        await client.untilText(`<${i}>`);
      }
      client.write('0\r\n\r\n');
      await client.untilText('0\r\n\r\n');
      await proxy.untilQuiet();
      assert.equal(client.ended, false);
    }
    assert.equal(proxy.server.connections.length, 1);
  });

  it('an early answer that is complete ends the upload', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.includes('POST')) connection.socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n');
    client.socket.write(Buffer.alloc(5_000_000));
    await client.untilText('\r\n\r\nno');
    await client.untilEnd();
    assert.match(client.received, /^HTTP\/1\.1 403 Forbidden/);
    await proxy.untilQuiet();
  });
});
