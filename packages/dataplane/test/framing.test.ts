// Message framing through the proxy (RFC 9112 §6): what the server receives and what the client gets, byte for byte.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A chunk that is worth a relay, and would be if its size had one digit less, with everything around it. */
const LARGE_CHUNK = `40000\r\n${'x'.repeat(0x40000)}\r\n0\r\n\r\n`;
/** Inside of its size, and wherever else nothing of its data has come yet. */
const CUTS_BEFORE_DATA = [1, 4, 5, 6, 7];

function bodyOf(received: string): string {
  return received.slice(received.indexOf('\r\n\r\n') + 4);
}

describe('responses', () => {
  it('passes a length-delimited response on and keeps both connections', async () => {
    proxy = await startProxy(answerHeads(OK));
    const client = await proxy.client();
    client.write('GET /a HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilBody(2);
    assert.match(client.received, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(client.received, /\r\nContent-Length: 2\r\n/);
    assert.match(client.received, /\r\nDate: [A-Z][a-z]{2}, /);
    assert.equal(bodyOf(client.received), 'ok');
    client.received = '';
    client.write('GET /b HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilBody(2);
    assert.equal(proxy.server.connections.length, 1);
  });

  it('keeps chunks and trailers, without extensions', async () => {
    proxy = await startProxy(
      answerHeads(
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3;a=b\r\nabc\r\n1\r\nd\r\n0\r\nX-Sum: 9\r\n\r\n',
      ),
    );
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('X-Sum: 9'.toLowerCase());
    assert.match(client.received, /\r\nTransfer-Encoding: chunked\r\n/);
    assert.match(client.received, /\r\nTrailer: X-Sum\r\n/);
    assert.equal(bodyOf(client.received), '3\r\nabc\r\n1\r\nd\r\n0\r\nx-sum: 9\r\n\r\n');
  });

  for (const cut of CUTS_BEFORE_DATA) {
    it(`passes a large chunk on of which first ${cut} bytes come, before any data`, async () => {
      proxy = await startProxy(
        answerHeads(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${LARGE_CHUNK.slice(0, cut)}`),
      );
      const client = await proxy.client();
      client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      await client.untilText('\r\n\r\n');
      proxy.server.connections[0]!.socket.write(LARGE_CHUNK.slice(cut));
      await client.untilText('\r\n0\r\n\r\n');
      assert.ok(bodyOf(client.received) === LARGE_CHUNK, 'the chunk is as it was');
    });
  }

  it('frames a close-delimited response as chunks for HTTP/1.1 and keeps the client', async () => {
    proxy = await startProxy((connection) => {
      connection.socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc');
    });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('0\r\n\r\n');
    assert.equal(bodyOf(client.received), '3\r\nabc\r\n0\r\n\r\n');
    assert.doesNotMatch(client.received, /Connection:/);
    client.received = '';
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('0\r\n\r\n');
  });

  it('gives an HTTP/1.0 client the decoded body and the end of the connection', async () => {
    proxy = await startProxy(answerHeads('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'));
    const client = await proxy.client();
    client.write('GET / HTTP/1.0\r\nHost: h\r\n\r\n');
    await client.untilEnd();
    assert.doesNotMatch(client.received, /chunked/);
    assert.equal(bodyOf(client.received), 'abc');
  });

  it('keeps an HTTP/1.0 client that asks for it when the length is known', async () => {
    proxy = await startProxy(answerHeads(OK));
    const client = await proxy.client();
    client.write('GET / HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n');
    await client.untilBody(2);
    assert.match(client.received, /\r\nConnection: keep-alive\r\n/);
    client.received = '';
    client.write('GET / HTTP/1.0\r\nHost: h\r\n\r\n');
    await client.untilEnd();
    assert.match(client.received, /\r\nConnection: close\r\n/);
  });

  it('accepts an HTTP/1.0 server and closes its connection', async () => {
    proxy = await startProxy((connection) => {
      connection.socket.end('HTTP/1.0 200 Fine\r\nContent-Length: 2\r\n\r\nok');
    });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilBody(2);
    assert.match(client.received, /^HTTP\/1\.1 200 Fine\r\n/);
  });

  for (const [status, fields] of [
    ['204 No Content', ''],
    ['304 Not Modified', 'Content-Length: 7\r\n'],
  ]) {
    it(`expects no body after ${status}`, async () => {
      proxy = await startProxy(answerHeads(`HTTP/1.1 ${status}\r\n${fields}\r\n`));
      const client = await proxy.client();
      client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      await client.untilText('\r\n\r\n');
      client.received = '';
      client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      await client.untilText(`HTTP/1.1 ${status}`);
      assert.equal(proxy.server.connections.length, 1);
    });
  }

  it('expects no body after HEAD and passes its length on', async () => {
    proxy = await startProxy(answerHeads('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'));
    const client = await proxy.client();
    client.write('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('\r\n\r\n');
    assert.match(client.received, /\r\nContent-Length: 1000\r\n/);
    client.received = '';
    client.write('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('\r\n\r\n');
    assert.equal(proxy.server.connections.length, 1);
  });

  it('forwards interim responses as they come, but not to HTTP/1.0', async () => {
    proxy = await startProxy(answerHeads(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${OK}`));
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('\r\n\r\nok');
    assert.match(client.received, /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a\.css>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    const old = await proxy.client();
    old.write('GET / HTTP/1.0\r\nHost: h\r\n\r\n');
    await old.untilEnd();
    assert.match(old.received, /^HTTP\/1\.1 200 OK\r\n/);
  });

  it('reads a response head that comes byte by byte', async () => {
    proxy = await startProxy(async (connection) => {
      for (const byte of OK) {
        connection.socket.write(byte);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilBody(2);
    assert.equal(bodyOf(client.received), 'ok');
  });

  it('cuts the client off when the server breaks off in the middle', async () => {
    proxy = await startProxy((connection) => {
      connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
      setTimeout(() => connection.socket.destroy(), 20);
    });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilEnd();
    assert.equal(bodyOf(client.received), 'abc');
  });
});

describe('requests', () => {
  it('passes a length-delimited body on', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.endsWith('hello')) connection.socket.write(OK);
    });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello');
    await client.untilBody(2);
    assert.match(proxy.server.received, /\r\nContent-Length: 5\r\n/);
    assert.ok(proxy.server.received.endsWith('\r\n\r\nhello'));
  });

  it('passes a body on that comes later and in pieces', async () => {
    proxy = await startProxy((connection) => {
      if (connection.received.endsWith('world')) connection.socket.write(OK);
    });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\n');
    await proxy.server.untilText('\r\n\r\n');
    client.write('hello');
    await proxy.server.untilText('hello');
    client.write('world');
    await client.untilBody(2);
    assert.equal(bodyOf(proxy.server.received), 'helloworld');
  });

  it('re-frames a chunked body and drops its trailers', async () => {
    proxy = await startProxy((connection) => {
      if (connection.received.endsWith('0\r\n\r\n')) connection.socket.write(OK);
    });
    const client = await proxy.client();
    client.write(
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n00003;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
    );
    await client.untilBody(2);
    assert.match(proxy.server.received, /\r\nTransfer-Encoding: chunked\r\n/);
    assert.equal(bodyOf(proxy.server.received), '3\r\nabc\r\n0\r\n\r\n');
  });

  for (const cut of CUTS_BEFORE_DATA) {
    it(`passes a large chunk on of which first ${cut} bytes come, before any data`, async () => {
      proxy = await startProxy((connection) => {
        if (connection.received.endsWith('0\r\n\r\n')) connection.socket.write(OK);
      });
      const client = await proxy.client();
      client.write(`POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${LARGE_CHUNK.slice(0, cut)}`);
      await proxy.server.untilText('\r\n\r\n');
      client.write(LARGE_CHUNK.slice(cut));
      await client.untilBody(2);
      assert.ok(bodyOf(proxy.server.received) === LARGE_CHUNK, 'the chunk is as it was');
    });
  }

  it('serves pipelined requests in order', async () => {
    proxy = await startProxy((connection, chunk) => {
      for (const [, path] of chunk.matchAll(/GET (\/\S+)/g)) {
        connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`);
      }
    });
    const client = await proxy.client();
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    client.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`).join(''));
    await client.until((received) => received.split('HTTP/1.1 200 OK').length === 21 && received.endsWith('/19'));
    const answers = [...client.received.matchAll(/\r\n\r\n(\/\d+)/g)].map(([, path]) => path);
    assert.deepEqual(answers, paths);
  });

  it('asks for the body once the server does, and says 100 once', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.includes('Expect')) connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      if (chunk.includes('body!')) connection.socket.write(OK);
    });
    const client = await proxy.client();
    client.write('PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    await client.untilText('100 Continue\r\n\r\n');
    client.write('body!');
    await client.untilText('ok');
    assert.equal(client.received.split('100 Continue').length, 2);
  });

  it('asks for the body itself when the server keeps silent', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.includes('body!')) connection.socket.write(OK);
    });
    const client = await proxy.client();
    client.write('PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
    await client.untilText('100 Continue\r\n\r\n');
    client.write('body!');
    await client.untilText('ok');
  });

  it('passes a refusal of the expectation on and closes', async () => {
    proxy = await startProxy(answerHeads('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'));
    const client = await proxy.client();
    client.write('PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5000000\r\n\r\n');
    await client.untilEnd();
    assert.match(client.received, /^HTTP\/1\.1 413 Too Large\r\n/);
    assert.match(client.received, /\r\nConnection: close\r\n/);
  });

  it('never reuses a server connection whose request was not finished', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.includes('POST')) connection.socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n');
      if (chunk.includes('GET')) connection.socket.write(OK);
    });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\nabc');
    await client.untilEnd();
    const other = await proxy.client();
    other.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await other.untilBody(2);
    assert.equal(proxy.server.connections.length, 2);
    assert.ok(!proxy.server.connections[0].received.includes('GET'));
  });
});
