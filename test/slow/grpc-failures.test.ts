// What becomes of gRPC calls when servers fail, nobody answers, or several share the calls: as a client of the library that
// gRPC's makers keep for Node sees it.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Metadata, status } from '@grpc/grpc-js';
import { eventually } from '../support/eventually.ts';
import { drained, InteropClient } from '../support/grpc/interop-client.ts';
import { InteropServer } from '../support/grpc/interop-server.ts';
import { type Secured, SecureSite, securedTo } from '../support/secure-site.ts';

const NAME = 'grpc.example.test';
const timeout = 60_000;

async function prepare(context: TestContext, wanted: Partial<Secured> & Pick<Secured, 'servers'>) {
  const secure = await SecureSite.create(context);
  const write = (more: Partial<Secured> = {}) =>
    secure.site.writeDynamic(securedTo({ certificates, ...wanted, ...more }));
  const certificates = [secure.issue(NAME)];
  write();
  const node = await secure.site.serve();
  const open = () =>
    new InteropClient(context, { port: secure.securePort, name: NAME, authorityFile: secure.authority.certFile });
  return { secure, node, client: open(), open, write };
}

async function startTwo(context: TestContext) {
  return [await InteropServer.start(context, 'a'), await InteropServer.start(context, 'b')] as const;
}

const idOf = async (client: InteropClient) => (await client.unaryCall({ fillServerId: true })).answer?.serverId;

test('a server that is down is UNAVAILABLE, and works again when it is back', { timeout }, async (context) => {
  const server = await InteropServer.start(context, 'a');
  const { client } = await prepare(context, { servers: [server.url] });
  assert.equal((await client.emptyCall()).code, status.OK);
  const call = client.fullDuplex();
  const ended = drained(call, () => server.stop());
  call.write({ responseParameters: [{ size: 10 }] });
  const broken = await ended;
  assert.ok([status.UNAVAILABLE, status.CANCELLED, status.INTERNAL].includes(broken.code), `${broken.code}`);
  assert.equal((await client.emptyCall()).code, status.UNAVAILABLE);
  const streamed = await drained(client.streamingOutput({ responseParameters: [{ size: 1 }] }));
  assert.equal(streamed.code, status.UNAVAILABLE);
  await server.start();
  assert.equal((await client.emptyCall()).code, status.OK);
});

test('a call that no router takes is UNIMPLEMENTED', { timeout }, async (context) => {
  const server = await InteropServer.start(context, 'a');
  const { client } = await prepare(context, { servers: [server.url], rule: 'Host(`other.example.test`)' });
  assert.equal((await client.emptyCall()).code, status.UNIMPLEMENTED);
  assert.equal((await drained(client.fullDuplex())).code, status.UNIMPLEMENTED);
  assert.equal(server.calls, 0);
});

test('a server that does not answer in time is DEADLINE_EXCEEDED, and hears that the call is over', {
  timeout,
}, async (context) => {
  const server = await InteropServer.start(context, 'a');
  const transport = { forwardingTimeouts: { responseHeaderTimeout: '300ms' } };
  const { client } = await prepare(context, { servers: [server.url], transport });
  const late = { responseParameters: [{ size: 1, intervalUs: 5_000_000 }] };
  assert.equal((await drained(client.streamingOutput(late))).code, status.DEADLINE_EXCEEDED);
  await eventually('the server hears', () => server.cancelled === 1);
  assert.equal((await client.emptyCall()).code, status.OK);
});

test('calls of one connection are shared by two servers, streams beside them stay where they are', {
  timeout,
}, async (context) => {
  const servers = await startTwo(context);
  const { client } = await prepare(context, { servers: servers.map(({ url }) => url) });
  const call = client.fullDuplex();
  let pieces = 0;
  const ended = drained(call, () => pieces++);
  const ids: (string | undefined)[] = [];
  for (let turn = 0; turn < 20; turn++) {
    call.write({ responseParameters: [{ size: 1 }] });
    ids.push(await idOf(client));
  }
  call.end();
  assert.equal((await ended).code, status.OK);
  assert.equal(pieces, 20);
  const share = ids.filter((id) => id === 'a').length;
  assert.deepEqual([...new Set(ids)].sort(), ['a', 'b']);
  assert.ok(share >= 8 && share <= 12, `${ids}`);
});

test('a long call outlives changes of the configuration', { timeout }, async (context) => {
  const servers = await startTwo(context);
  const { client, write, open } = await prepare(context, { servers: [servers[0].url] });
  const call = client.fullDuplex();
  const sizes: number[] = [];
  const ended = drained(call, ({ payload }) => sizes.push(payload!.body!.length));
  for (let turn = 1; turn <= 6; turn++) {
    const { name, url } = servers[turn % 2]!;
    write({ servers: [url] });
    await eventually(`calls go to ${name}`, async () => (await idOf(client)) === name);
    call.write({ responseParameters: [{ size: turn }] });
    await eventually(`answer ${turn}`, () => sizes.length === turn);
  }
  call.end();
  assert.deepEqual([(await ended).code, sizes], [status.OK, [1, 2, 3, 4, 5, 6]]);
  assert.equal((await open().emptyCall()).code, status.OK);
});

test('deadlines are kept, and the server knows them', { timeout }, async (context) => {
  const server = await InteropServer.start(context, 'a');
  const { client } = await prepare(context, { servers: [server.url] });
  // Connected already: the deadline is for the call alone.
  assert.equal((await client.emptyCall()).code, status.OK);
  const began = performance.now();
  const call = client.fullDuplex(new Metadata(), { deadline: Date.now() + 1_500 });
  call.write({ responseParameters: [{ size: 1 }] });
  const { code, answer } = await drained(call);
  assert.deepEqual([code, answer], [status.DEADLINE_EXCEEDED, [1]]);
  assert.ok(performance.now() - began < 10_000);
  await eventually('the server hears', () => server.cancelled === 1);
});

test('servers are asked by the health protocol; who does not serve gets no calls', { timeout }, async (context) => {
  const servers = await startTwo(context);
  const healthCheck = { mode: 'grpc', interval: '100ms', timeout: '10s' };
  const { client } = await prepare(context, { servers: servers.map(({ url }) => url), healthCheck });
  const seen = async () => {
    const ids = [];
    for (let turn = 0; turn < 6; turn++) ids.push(await idOf(client));
    return [...new Set(ids)].sort().join();
  };
  await eventually('both get calls', async () => (await seen()) === 'a,b');
  servers[0].serving = false;
  await eventually('only b gets calls', async () => (await seen()) === 'b');
  servers[1].serving = false;
  await eventually('nobody is left', async () => (await client.emptyCall()).code === status.UNAVAILABLE);
  for (const server of servers) server.serving = true;
  await eventually('both get calls again', async () => (await seen()) === 'a,b');
});
