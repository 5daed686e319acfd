// Switching revisions under running exchanges: new requests take the new routes, running ones finish on the old, and the
// old revision is released exactly when its last exchange has ended.

import assert from 'node:assert/strict';
import { afterEach, it } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const routed = (rule: string, prefix = '') => `
http:
  routers: { r: { rule: "${rule}", service: app${prefix === '' ? '' : ', middlewares: [p]'} } }
  ${prefix === '' ? '' : `middlewares: { p: { addPrefix: { prefix: "${prefix}" } } }`}
  services: { app: { loadBalancer: { servers: [{ url: "SERVER" }] } } }`;

it('serves new requests by the new configuration, also on open connections', async () => {
  proxy = await startProxy(answerHeads(OK), { dynamic: routed('Path(`/one`)') });
  const client = await proxy.client();
  client.write('GET /two HTTP/1.1\r\nHost: h\r\n\r\n');
  await client.untilText('404 page not found');
  proxy.install(routed('Path(`/two`)'));
  assert.deepEqual(proxy.released, [1]);
  client.write('GET /two HTTP/1.1\r\nHost: h\r\n\r\n');
  await client.untilText('\r\n\r\nok');
});

it('keeps an old revision until its last exchange has ended', async () => {
  let answer = () => {};
  proxy = await startProxy(
    (connection) => {
      answer = () => connection.socket.write(OK);
    },
    { dynamic: routed('PathPrefix(`/`)', '/old') },
  );
  const client = await proxy.client();
  client.write('GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
  await proxy.server.untilText('GET /old/x ');
  proxy.install(routed('PathPrefix(`/`)', '/new'));
  proxy.install(routed('PathPrefix(`/`)', '/newer'));
  assert.deepEqual(proxy.released, [2]);
  answer();
  await client.untilBody(2);
  assert.deepEqual(proxy.released, [2, 1]);
  client.write('GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
  await proxy.server.untilText('GET /newer/x ');
});

it('keeps pooled connections of an unchanged service', async () => {
  proxy = await startProxy(answerHeads(OK), { dynamic: routed('Path(`/one`)') });
  const client = await proxy.client();
  client.write('GET /one HTTP/1.1\r\nHost: h\r\n\r\n');
  await client.untilBody(2);
  proxy.install(routed('Path(`/two`)'));
  client.received = '';
  client.write('GET /two HTTP/1.1\r\nHost: h\r\n\r\n');
  await client.untilBody(2);
  assert.equal(proxy.server.connections.length, 1);
});

it('drains: answers what runs, says close, refuses nothing that was accepted', async () => {
  let answer = () => {};
  proxy = await startProxy((connection) => {
    answer = () => connection.socket.write(OK);
  });
  const busy = await proxy.client();
  const idle = await proxy.client();
  busy.write('GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
  await proxy.server.untilText('GET /x ');
  const drained = proxy.dataplane.drain(0, 5_000);
  await idle.untilEnd();
  assert.equal(busy.ended, false);
  answer();
  await busy.untilEnd();
  assert.match(busy.received, /\r\nConnection: close\r\n/);
  await drained;
});

it('cuts off at the end of the grace time', async () => {
  proxy = await startProxy(() => {});
  const busy = await proxy.client();
  busy.write('GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
  await proxy.server.untilText('GET /x ');
  await proxy.dataplane.drain(0, 100);
  await busy.untilEnd();
});

it('takes what waits in the accept queue before it stops listening', async () => {
  proxy = await startProxy(answerHeads(OK));
  const clients = await Promise.all(Array.from({ length: 50 }, () => proxy!.client()));
  for (const client of clients) client.write('GET /x HTTP/1.1\r\nHost: h\r\n\r\n');
  await proxy.dataplane.drain(0, 5_000);
  for (const client of clients) {
    await client.untilEnd();
    assert.match(client.received, /^HTTP\/1\.1 200 /);
    assert.equal(client.errorCode, undefined);
  }
});
