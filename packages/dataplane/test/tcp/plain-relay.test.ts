// Plain TCP routers: bytes both ways, who speaks first, ends of connections, and what becomes of HTTP beside them.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const PLAIN = `
tcp:
  routers: { all: { rule: "HostSNI(\`*\`)", service: app } }
  services: { app: { loadBalancer: { servers: [{ address: "127.0.0.1:PORT" }] } } }`;

describe('a plain TCP router', () => {
  it('passes bytes both ways, whatever they are', async () => {
    proxy = await startProxy(({ socket }, chunk) => socket.write(chunk.toUpperCase()), { dynamic: PLAIN });
    const client = await proxy.client();
    client.write('get / http/1.1\r\n\r\n');
    await client.untilText('GET / HTTP/1.1\r\n\r\n');
    client.write('more');
    await client.untilText('MORE');
    assert.equal(proxy.server.received, 'get / http/1.1\r\n\r\nmore');
  });
});
