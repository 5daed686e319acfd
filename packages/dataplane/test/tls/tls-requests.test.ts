// Requests over TLS: what HTTP/1 does on a plain connection it does inside one too, on the same port.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import { answerHeads, type RawHandler } from '../../src/testing/raw-server.ts';
import { material, NAME } from '../support/made-tls.ts';
import { ask, closeClients, secured } from '../support/tls-clients.ts';

let proxy: ProxyUnderTest;
afterEach(async () => {
  closeClients();
  await proxy.close();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = `GET / HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`;

async function start(handler: RawHandler = answerHeads(OK), options: ProxyOptions = {}): Promise<void> {
  proxy = await startProxy(handler, { tls: material(), routerTls: '{}', ...options });
}

describe('a request over TLS', () => {
  it('is answered, and the connection kept', async () => {
    await start();
    const socket = await secured(proxy.port);
    for (let i = 0; i < 3; i++) assert.match(await ask(socket, GET, 'ok'), /^HTTP\/1.1 200 OK/);
    assert.match(proxy.server.received, /X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n/);
    assert.equal(proxy.dataplane.connectionCount, 2);
  });
});
