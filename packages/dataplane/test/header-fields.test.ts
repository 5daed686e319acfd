// Which header fields travel on, which are removed, which are added (RFC 9110 §7.6.1; reference/http-services §9).

import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { afterEach, describe, it } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** Header lines of the one request that the server received, without the request line. */
async function linesReceived(head: string, options?: Parameters<typeof startProxy>[1]): Promise<string[]> {
  proxy = await startProxy(answerHeads(OK), options);
  const client = await proxy.client();
  client.write(head);
  await client.untilBody(2);
  return proxy.server.received.split('\r\n\r\n')[0].split('\r\n').slice(1);
}

const valuesOf = (lines: readonly string[], name: string) =>
  lines.filter((line) => line.toLowerCase().startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());

describe('requests', () => {
  it('leaves ordinary fields as they are, in order and spelling', async () => {
    const lines = await linesReceived('GET / HTTP/1.1\r\nHost: h\r\nuser-AGENT:x \r\nAccept: */*\r\n\r\n');
    assert.deepEqual(lines.slice(0, 3), ['Host: h', 'user-AGENT:x ', 'Accept: */*']);
  });

  it('adds what the server must know of the client', async () => {
    const lines = await linesReceived('GET / HTTP/1.1\r\nHost: h:8080\r\n\r\n');
    assert.deepEqual(lines, [
      'Host: h:8080',
      'X-Real-Ip: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Forwarded-Port: 8080',
      'X-Forwarded-Host: h:8080',
      `X-Forwarded-Server: ${hostname()}`,
      'X-Forwarded-For: 127.0.0.1',
    ]);
  });

  it('adds it also where a middleware changes other fields, and where it does not know what that does', async () => {
    for (const name of ['X-A', 'X-Forwarded-Prefix']) {
      const middlewares = { h: `headers:\n  customRequestHeaders: { ${name}: v }` };
      const lines = await linesReceived('GET / HTTP/1.1\r\nHost: h:8080\r\nX-Real-Ip: 6.6.6.6\r\n\r\n', {
        middlewares,
      });
      await proxy!.close();
      assert.deepEqual(
        lines.toSorted(),
        [
          'Host: h:8080',
          `${name}: v`,
          'X-Forwarded-For: 127.0.0.1',
          'X-Forwarded-Host: h:8080',
          'X-Forwarded-Port: 8080',
          'X-Forwarded-Proto: http',
          `X-Forwarded-Server: ${hostname()}`,
          'X-Real-Ip: 127.0.0.1',
        ].toSorted(),
      );
    }
  });

  it('removes what an untrusted client says of itself, also spelled with underscores', async () => {
    const lines = await linesReceived(
      'GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nx-real-ip: 6.6.6.6\r\nX-Forwarded-Tls-Client-Cert: 6.6.6.6\r\nX-Forwarded-Prefix: 6.6.6.6\r\n\r\n',
    );
    assert.ok(!lines.join('\n').includes('6.6.6.6'), lines.join('\n'));
    assert.deepEqual(valuesOf(lines, 'x-forwarded-for'), ['127.0.0.1']);
  });

  it('believes a trusted client and appends it', async () => {
    const lines = await linesReceived(
      'GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\nX-Forwarded-Proto: https\r\nX-Real-Ip: 1.1.1.1\r\nX-Forwarded-Server: liar\r\n\r\n',
      { forwardedHeaders: { trustedIPs: ['127.0.0.0/8'] } },
    );
    assert.deepEqual(valuesOf(lines, 'x-forwarded-for'), ['1.1.1.1, 2.2.2.2, 127.0.0.1']);
    assert.deepEqual(valuesOf(lines, 'x-forwarded-proto'), ['https']);
    assert.deepEqual(valuesOf(lines, 'x-forwarded-port'), ['443']);
    assert.deepEqual(valuesOf(lines, 'x-real-ip'), ['1.1.1.1']);
    assert.deepEqual(valuesOf(lines, 'x-forwarded-server'), [hostname()]);
  });

  it('does not append where the entry point says so', async () => {
    const lines = await linesReceived('GET / HTTP/1.1\r\nHost: h\r\n\r\n', {
      forwardedHeaders: { notAppendXForwardedFor: true },
    });
    assert.deepEqual(valuesOf(lines, 'x-forwarded-for'), []);
  });

  it('removes hop-by-hop fields and those that Connection names', async () => {
    const lines = await linesReceived(
      'GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Mine\r\nConnection: x-other\r\nX-Mine: 1\r\nx-Other: 2\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\nProxy-Authorization: secret\r\nTE: gzip\r\nTrailer: X\r\nUpgrade: h2c\r\nX-Kept: 3\r\n\r\n',
    );
    assert.deepEqual(lines.slice(0, 2), ['Host: h', 'X-Kept: 3']);
    assert.match(lines[2], /^X-Real-Ip/);
  });

  it('keeps TE: trailers', async () => {
    const lines = await linesReceived('GET / HTTP/1.1\r\nHost: h\r\nTE: gzip, trailers;q=1\r\n\r\n');
    assert.deepEqual(valuesOf(lines, 'te'), ['trailers']);
  });

  it('sends the server its own host where passHostHeader is off', async () => {
    const lines = await linesReceived('GET / HTTP/1.1\r\nHost: h\r\n\r\n', { passHostHeader: false });
    assert.deepEqual(valuesOf(lines, 'host'), [new URL(proxy!.server.url).host]);
    assert.deepEqual(valuesOf(lines, 'x-forwarded-host'), ['h']);
  });

  it('takes the authority of an absolute-form target for the host', async () => {
    const lines = await linesReceived('GET http://real/x?y HTTP/1.1\r\nHost: other\r\n\r\n');
    assert.deepEqual(valuesOf(lines, 'host'), ['real']);
    assert.match(proxy!.server.received, /^GET \/x\?y HTTP\/1\.1\r\n/);
  });

  it('rewrites the target it has cleaned, and only then', async () => {
    await linesReceived('GET /a//b/../c%2fd/%7ee?x;y HTTP/1.1\r\nHost: h\r\n\r\n');
    assert.match(proxy!.server.received, /^GET \/a\/c%2Fd\/~e\?x&y HTTP\/1\.1\r\n/);
  });

  it('drops or refuses names with underscores as the entry point says', async () => {
    const dropped = await linesReceived('GET / HTTP/1.1\r\nHost: h\r\nx_y: 1\r\nX-Y: 2\r\n\r\n', {
      http: { underscoreHeadersStrategy: 'delete' },
    });
    assert.deepEqual(dropped.slice(0, 2), ['Host: h', 'X-Y: 2']);
    await proxy!.close();
    proxy = await startProxy(answerHeads(OK), { http: { underscoreHeadersStrategy: 'reject' } });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\nx_y: 1\r\n\r\n');
    await client.untilText('Bad Request\n');
    assert.match(client.received, /^HTTP\/1\.1 400 Bad Request\r\n/);
    assert.equal(proxy.server.connections.length, 0);
  });

  it('joins the path of a server that wants its own kept', async () => {
    await linesReceived('GET /x?q HTTP/1.1\r\nHost: h\r\n\r\n', { serverPath: '/base/', preservePath: true });
    assert.match(proxy!.server.received, /^GET \/base\/x\?q HTTP\/1\.1\r\n/);
  });
});

describe('responses', () => {
  it('removes hop-by-hop fields and keeps the rest, Server and Date included', async () => {
    proxy = await startProxy(
      answerHeads(
        'HTTP/1.1 200 OK\r\nServer: s\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nConnection: X-Gone\r\nX-Gone: 1\r\nKeep-Alive: timeout=60\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nok',
      ),
    );
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilBody(2);
    const head = client.received.split('\r\n\r\n')[0].split('\r\n');
    assert.deepEqual(head, [
      'HTTP/1.1 200 OK',
      'Server: s',
      'Date: Thu, 01 Jan 1970 00:00:00 GMT',
      'Content-Length: 2',
      'Set-Cookie: a=1',
      'Set-Cookie: b=2',
    ]);
  });

  it('says so when it closes', async () => {
    proxy = await startProxy(answerHeads(OK));
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    await client.untilEnd();
    assert.match(client.received, /\r\nConnection: close\r\n/);
  });
});
