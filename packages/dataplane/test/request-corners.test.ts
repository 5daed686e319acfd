// Requests at the edges of RFC 9110 and RFC 9112: legal, rare, and passed on without a byte changed that need not be.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the server receives for these bytes. */
async function received(request: string, options: ProxyOptions = {}): Promise<string> {
  proxy = await startProxy(answerHeads(OK), options);
  const client = await proxy.client();
  client.write(request);
  await client.untilText('\r\n\r\nok');
  return proxy.server.received;
}

describe('targets', () => {
  for (const target of [
    '/a?x=%20y+z&q="\'<>|{}[]^`\\',
    '/?',
    '/?a?b??',
    '/?u=http://x/../y//z',
    '/%E2%82%AC/%C3%BC',
    "/a:b@c,d;e=1$&(x)*!'",
    `/${'p'.repeat(8_000)}?${'q'.repeat(52_000)}`,
  ]) {
    it(`passes ${target.slice(0, 40)} on as it came`, async () => {
      const bytes = await received(`GET ${target} HTTP/1.1\r\nHost: h\r\n\r\n`, { http: { sanitizePath: true } });
      assert.equal(bytes.slice(0, bytes.indexOf('\r\n')), `GET ${target} HTTP/1.1`);
    });
  }

  it('refuses a longer one with 414', async () => {
    proxy = await startProxy(answerHeads(OK));
    const client = await proxy.client();
    client.write(`GET /${'a'.repeat(66_000)} HTTP/1.1\r\nHost: h\r\n\r\n`);
    await client.untilEnd();
    assert.match(client.received, /^HTTP\/1\.1 414 /);
  });

  for (const target of ['*', 'http://h']) {
    it(`asks about the server as a whole with OPTIONS ${target}`, async () => {
      const bytes = await received(`OPTIONS ${target} HTTP/1.1\r\nHost: h\r\n\r\n`, { rule: 'Host(`h`)' });
      assert.match(bytes, /^OPTIONS \* HTTP\/1\.1\r\n/);
    });
  }

  it('takes methods of any spelling', async () => {
    assert.match(await received('get / HTTP/1.1\r\nHost: h\r\n\r\n'), /^get \/ HTTP/);
    await proxy!.close();
    assert.match(await received('M-SEARCH!#$ / HTTP/1.1\r\nHost: h\r\n\r\n'), /^M-SEARCH!#\$ \/ HTTP/);
  });

  it('puts the host of an absolute target in the place of Host, for rules and server', async () => {
    const bytes = await received('GET HTTP://Real:81?q HTTP/1.1\r\nHost: other\r\n\r\n', { rule: 'Host(`real`)' });
    assert.match(bytes, /^GET \/\?q HTTP\/1\.1\r\nHost: Real:81\r\n/);
    assert.doesNotMatch(bytes, /other/);
    assert.match(bytes, /\r\nX-Forwarded-Port: 81\r\n/);
  });
});

describe('hosts', () => {
  for (const [host, rule, port] of [
    ['H.Example:8080', 'Host(`h.example`)', '8080'],
    ['[2001:DB8::1]:81', 'Host(`2001:db8::1`)', '81'],
    ['[::1]', 'Host(`::1`)', '80'],
    ['h:', 'Host(`h`)', '80'],
    ['127.0.0.1', 'Host(`127.0.0.1`)', '80'],
    ['a_b.example', 'Host(`a_b.example`)', '80'],
  ]) {
    it(`matches ${host} and passes it on as it came`, async () => {
      const bytes = await received(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, { rule: rule! });
      assert.ok(bytes.includes(`\r\nHost: ${host}\r\n`), bytes);
      assert.ok(bytes.includes(`\r\nX-Forwarded-Host: ${host}\r\n`), bytes);
      assert.ok(bytes.includes(`\r\nX-Forwarded-Port: ${port}\r\n`), bytes);
    });
  }

  for (const [name, head] of [
    ['an empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'],
    ['HTTP/1.0 without one', 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'],
  ]) {
    it(`sends the server its own name for ${name}`, async () => {
      const bytes = await received(head!);
      const { host } = new URL(proxy!.server.url);
      assert.deepEqual(bytes.match(/^host: .*$/gim), [`Host: ${host}`]);
      assert.doesNotMatch(bytes, /X-Forwarded-Host/);
      assert.match(bytes, /^GET \/ HTTP\/1\.1\r\n/);
    });
  }
});

describe('fields', () => {
  const everyByte = Array.from({ length: 256 }, (_, code) => code)
    .filter((code) => code === 9 || (code >= 32 && code !== 127))
    .map((code) => String.fromCharCode(code))
    .join('');

  it('keep every legal byte of their values', async () => {
    const line = `X-Bytes: a${everyByte}z`;
    const bytes = await received(`GET / HTTP/1.1\r\nHost: h\r\n${line}\r\n\r\n`);
    assert.ok(bytes.includes(`\r\n${line}\r\n`));
  });

  it('keep them too when the head comes in pieces, and when a middleware reads it', async () => {
    proxy = await startProxy(answerHeads(OK), {
      middlewares: { h: 'headers: { customRequestHeaders: { X-New: "1" }, customResponseHeaders: { X-Out: "1" } }' },
    });
    const line = `X-Bytes: a${everyByte}z`;
    const client = await proxy.client();
    for (const part of ['GET / HTTP/1.1\r\nHost: h\r\n', line.slice(0, 100), line.slice(100), '\r\n\r\n']) {
      client.write(part);
      await pause(5);
    }
    await client.untilText('ok');
    assert.ok(proxy.server.received.includes(`\r\n${line}\r\n`));
  });

  it('keep their order, spelling, repetition and empty values', async () => {
    const lines = ['b: 1', 'A: 2', 'B: 3', 'a:', 'Cookie: x=1', 'b:\t4 ', 'cookie: y=2', "!#$%&'*+-.^_`|~09: token"];
    const bytes = await received(`GET / HTTP/1.1\r\nHost: h\r\n${lines.join('\r\n')}\r\n\r\n`);
    assert.ok(bytes.includes(`\r\nHost: h\r\n${lines.join('\r\n')}\r\n`), bytes);
  });

  it('may be many, up to the limit', async () => {
    const lines = Array.from({ length: 500 }, (_, i) => `X-${i}: ${i}\r\n`).join('');
    const bytes = await received(`GET / HTTP/1.1\r\nHost: h\r\n${lines}\r\n`);
    assert.ok(bytes.includes(lines));
  });

  it('may fill a head of nearly a mebibyte', async () => {
    const line = `X-Large: ${'v'.repeat(1_000_000)}`;
    const bytes = await received(`GET / HTTP/1.1\r\nHost: h\r\n${line}\r\n\r\n`);
    assert.ok(bytes.includes(`\r\n${line}\r\n`));
  });
});

describe('between requests', () => {
  it('an empty line is skipped', async () => {
    proxy = await startProxy(answerHeads(OK));
    const client = await proxy.client();
    client.write(`\r\n${GET}\r\n${GET}`);
    await client.until((text) => text.split('\r\n\r\nok').length === 3);
    client.write('\r');
    await pause(5);
    client.write(`\n${GET}`);
    await client.until((text) => text.split('\r\n\r\nok').length === 4);
  });
});

describe('expectations', () => {
  const EXPECT = 'PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';

  it('are told once although the server says 100 again and again', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.includes('Expect')) connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n'.repeat(3));
      if (chunk.includes('body!')) connection.socket.write(`HTTP/1.1 100 Continue\r\n\r\n${OK}`);
    });
    const client = await proxy.client();
    client.write(EXPECT);
    await client.untilText('100 Continue\r\n\r\n');
    client.write('body!');
    await client.untilText('ok');
    assert.equal(client.received.split('100 Continue').length, 2);
    assert.match(proxy.server.received, /\r\nExpect: 100-continue\r\n/);
  });

  it('are not waited for by clients that send at once', async () => {
    proxy = await startProxy((connection) => {
      if (connection.received.endsWith('body!')) connection.socket.write(OK);
    });
    const [silent, client] = [await proxy.client(), await proxy.client()];
    silent.write(EXPECT);
    client.write(`${EXPECT}body!${GET}`);
    await proxy.server.untilText('body!');
    assert.equal(silent.received, '', 'who sends no body was not asked for it yet');
  });

  it('do not limit the time of the answer once the body has come', async () => {
    proxy = await startProxy((connection) => {
      if (connection.received.endsWith('body!')) setTimeout(() => connection.socket.write(OK), 1_200);
    });
    const client = await proxy.client();
    client.write(EXPECT);
    await proxy.server.untilText('\r\n\r\n');
    client.write('body!');
    await client.untilText('ok');
  });

  it('of a body that is empty or of HTTP/1.0 count for nothing', async () => {
    proxy = await startProxy((connection, chunk) => {
      connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      answerHeads(OK)(connection, chunk);
    });
    const client = await proxy.client();
    client.write(EXPECT.replace('5', '0'));
    await client.untilText('ok');
    assert.doesNotMatch(client.received, /100 Continue/);
    const old = await proxy.client();
    old.write(`${EXPECT.replace('1.1', '1.0')}body!`);
    await old.untilEnd();
    assert.doesNotMatch(old.received, /100 Continue/);
  });

  it('are answered by a final response, whose connection is closed with the body unread', async () => {
    proxy = await startProxy(answerHeads('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n'));
    const client = await proxy.client();
    client.write(EXPECT);
    await client.untilEnd();
    assert.match(client.received, /^HTTP\/1\.1 417 [\s\S]*\r\nConnection: close\r\n/);
    await proxy.untilQuiet();
  });
});

describe('upgrades', () => {
  it('to h2c are not passed on, others beside it are', async () => {
    const head = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABk\r\n';
    const bytes = await received(`${head}Upgrade: h2c\r\n\r\n`);
    assert.doesNotMatch(bytes, /upgrade|h2c|settings/i);
    await proxy!.close();
    const both = await received(`${head}Upgrade: H2C, websocket\r\n\r\n`);
    assert.match(both, /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/);
  });

  it('do not happen before the whole request has been sent', async () => {
    proxy = await startProxy((connection) => {
      connection.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 1000\r\n\r\nabc');
    await client.untilEnd();
    assert.match(client.received, /^HTTP\/1\.1 500 /);
  });

  it('happen after a body', async () => {
    proxy = await startProxy((connection, chunk) => {
      if (chunk.endsWith('abc'))
        connection.socket.write(
          'HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 9\r\n\r\nhi',
        );
      else if (chunk.endsWith('there')) connection.socket.end('bye');
    });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Length: 3\r\n\r\nabc');
    await client.untilText('\r\n\r\nhi');
    assert.doesNotMatch(client.received, /Content-Length/);
    client.write('there');
    await client.untilText('bye');
  });
});
