// Servers that are given by name: found, not found, found late, and with several addresses of which some do not answer.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads } from '../src/testing/raw-server.ts';
import { type LookupAll, NameResolver } from '../src/upstream/name-resolver.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello';

async function start(name: string, lookup?: LookupAll, options: ProxyOptions = {}): Promise<ProxyUnderTest> {
  proxy = await startProxy(
    (connection, chunk) => {
      if (!chunk.includes('POST') || chunk.endsWith('hello')) answerHeads(OK)(connection, '\r\n\r\n');
    },
    {
      ...options,
      ...(lookup === undefined ? {} : { resolver: new NameResolver(lookup) }),
      dynamic: `
http:
  routers: { r: { rule: "PathPrefix(\`/\`)", service: app } }
  services: { app: { loadBalancer: { servers: [{ url: "http://${name}:PORT" }] } } }`,
    },
  );
  return proxy;
}

describe('names', () => {
  it('of this machine are found', async () => {
    await start('localhost');
    const client = await proxy!.client();
    for (let i = 0; i < 3; i++) {
      client.received = '';
      client.write(i === 1 ? POST : GET);
      await client.untilText('ok');
    }
    assert.equal(proxy!.server.connections.length, 1);
  });

  it('that nobody knows are 502, and the client stays', async () => {
    await start('no-such-name.invalid');
    const client = await proxy!.client();
    for (let i = 0; i < 2; i++) {
      client.received = '';
      client.write(GET);
      await client.untilBody(11);
      assert.match(client.received, /^HTTP\/1\.1 502 /);
    }
    await proxy!.untilQuiet();
  });

  it('whose server is slow to say so are 504', async () => {
    const failure = Object.assign(new Error('try again'), { code: 'EAI_AGAIN' });
    await start('app.test', (_, done) => setImmediate(() => done(failure, [])));
    const client = await proxy!.client();
    client.write(GET);
    await client.untilText('HTTP/1.1 504 ');
  });

  it('are found before a body is asked for, and then it is sent whole', async () => {
    await start('app.test', (_, done) => setTimeout(() => done(null, ['127.0.0.1']), 30));
    const client = await proxy!.client();
    client.write(POST + GET);
    await client.until((received) => received.split('\r\n\r\nok').length === 3);
    assert.match(proxy!.server.received, /\r\n\r\nhelloGET \/ /);
  });

  it('that come after the client has left lead nowhere', async () => {
    let found = () => {};
    await start('app.test', (_, done) => {
      found = () => done(null, ['127.0.0.1']);
    });
    for (const leave of ['fin', 'reset']) {
      const client = await proxy!.client();
      client.write(leave === 'fin' ? GET : POST);
      await proxy!.server.until(() => proxy!.exchangeCount === 1, 'the exchange');
      if (leave === 'fin') client.socket.end();
      else client.socket.resetAndDestroy();
      await proxy!.untilQuiet();
    }
    found();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(proxy!.server.connections.length, 0);
    const client = await proxy!.client();
    client.write(GET);
    await client.untilText('ok');
  });
});

describe('several addresses', () => {
  /** Documentation addresses are not routed; loop-back ones without a listener refuse. */
  for (const addresses of [
    ['127.0.0.2', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.2', '127.0.0.3', '::1', '127.0.0.1'],
  ]) {
    it(`${addresses} are tried until one takes the request`, async () => {
      await start('app.test', (_, done) => setImmediate(() => done(null, addresses)), {
        transport: { maxIdleConnsPerHost: -1 },
      });
      const client = await proxy!.client();
      for (let i = 0; i < addresses.length * 2; i++) {
        client.received = '';
        client.write(i % 2 === 0 ? POST : GET);
        await client.untilText('ok');
      }
      assert.equal(proxy!.server.received.split('hello').length - 1, addresses.length, 'each body once');
      await proxy!.untilQuiet();
    });
  }

  it('that all refuse are 502', async () => {
    await start('app.test', (_, done) => setImmediate(() => done(null, ['127.0.0.2', '127.0.0.3'])));
    const client = await proxy!.client();
    for (let i = 0; i < 2; i++) {
      client.received = '';
      client.write(GET);
      await client.untilBody(11);
      assert.match(client.received, /^HTTP\/1\.1 502 /);
    }
    await proxy!.untilQuiet();
  });
});
