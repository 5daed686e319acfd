// What is counted and logged of TCP connections: who ended them, their bytes also while they live, how servers were reached; and what
// becomes of those whose server is down.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, it, type TestContext } from 'node:test';
import { decodeStaticText } from '@sluice/config';
import { MetricKind, type MetricsBlock, nameHash, ServerHealth, TCP_END_LABELS } from '@sluice/shared-state';
import { pino } from 'pino';
import { openAccessLog } from '../../src/process/open-access-log.ts';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const dynamic = (further = '') => `
tcp:
  routers: { all: { rule: "HostSNI(\`*\`)", service: app } }
  services: { app: { loadBalancer: { servers: [{ address: "127.0.0.1:PORT" }] ${further} } } }`;

/** The value of the one row. */
function counted(block: MetricsBlock, kind: number, name: string, labels = 0): number {
  for (let row = 1; row < block.end; row++) {
    const key = block.key(row);
    if (key.kind === kind && key.name === nameHash(name) && key.labels === labels) return block.value(row);
  }
  return 0;
}

const end = (label: (typeof TCP_END_LABELS)[number]) => TCP_END_LABELS.indexOf(label);

it('counts connections by their ends, and bytes', async () => {
  proxy = await startProxy(({ socket }, chunk) => socket.write(`${chunk}${chunk}`), {
    dynamic: dynamic(),
    metrics: {},
  });
  const block = proxy.counted!;
  const client = await proxy.client();
  client.write('12345');
  await client.untilText('1234512345');
  const { TCP_ROUTER_OPEN_CONNECTIONS, TCP_ROUTER_CONNECTIONS, TCP_ROUTER_BYTES } = MetricKind;
  assert.equal(counted(block, TCP_ROUTER_OPEN_CONNECTIONS, 'all@file'), 1);
  client.socket.end();
  await client.untilEnd();
  await proxy.server.until(
    () => counted(block, TCP_ROUTER_OPEN_CONNECTIONS, 'all@file') === 0,
    'its end to be counted',
  );
  assert.equal(counted(block, TCP_ROUTER_BYTES, 'all@file', 0), 5);
  assert.equal(counted(block, TCP_ROUTER_BYTES, 'all@file', 1), 10);
  assert.equal(counted(block, MetricKind.TCP_ENTRY_POINT_BYTES, 'web', 1), 10);
  assert.equal(counted(block, MetricKind.TCP_SERVICE_CONNECTS, 'app@file'), 1);
  const second = await proxy.client();
  second.write('x');
  await second.untilText('xx');
  second.socket.resetAndDestroy();
  await proxy.server.until(
    () => counted(block, TCP_ROUTER_CONNECTIONS, 'all@file', end('client-reset')) === 1,
    'the reset to be counted',
  );
  assert.equal(
    counted(block, TCP_ROUTER_CONNECTIONS, 'all@file', end('client')) +
      counted(block, TCP_ROUTER_CONNECTIONS, 'all@file', end('client-termination-delay')),
    1,
  );
});

it('tells who was the first to end where the other side went on for too long', async () => {
  proxy = await startProxy(({ socket }) => socket.end('bye'), { dynamic: dynamic(), metrics: {} });
  const block = proxy.counted!;
  const { TCP_ROUTER_CONNECTIONS } = MetricKind;
  const ended = (label: (typeof TCP_END_LABELS)[number]) => () =>
    counted(block, TCP_ROUTER_CONNECTIONS, 'all@file', end(label)) === 1;
  const client = await proxy.client();
  client.write('x');
  await client.untilText('bye');
  await proxy.server.until(ended('server-termination-delay'), 'the end after the server');
  proxy.server.handler = () => {};
  const second = await proxy.client();
  second.write('y');
  await proxy.server.untilText('y');
  second.socket.end();
  await proxy.server.until(ended('client-termination-delay'), 'the end after the client');
});

it('counts and logs nothing of an entry point that takes no part', async (context) => {
  const { accessLog, lines } = await logged(context);
  proxy = await startProxy(({ socket }, chunk) => socket.end(chunk), {
    dynamic: dynamic(),
    metrics: {},
    accessLog,
    observability: { metrics: false, accessLogs: false },
  });
  const client = await proxy.client();
  client.write('hello');
  await client.untilEnd();
  client.close();
  await proxy.server.until(() => proxy!.dataplane.connectionCount === 0, 'the end');
  const block = proxy.counted!;
  const kinds = new Set(Array.from({ length: block.end }, (_, row) => block.key(row).kind));
  for (const [name, kind] of Object.entries(MetricKind)) if (name.startsWith('TCP_')) assert.ok(!kinds.has(kind), name);
  assert.deepEqual(await lines(), []);
});

it('counts what keeps clients from servers', async () => {
  proxy = await startProxy(() => {}, { dynamic: dynamic().replace('PORT', '1'), metrics: {} });
  const client = await proxy.client().catch(() => undefined);
  await client?.untilEnd();
  const block = proxy.counted!;
  assert.equal(counted(block, MetricKind.TCP_SERVICE_CONNECT_FAILURES, 'app@file', 1), 1);
  assert.equal(counted(block, MetricKind.TCP_ROUTER_CONNECTIONS, 'all@file', end('no-server')), 1);
});

it('says why there was no server: what the last one that was tried has failed with', async (context) => {
  const { accessLog, lines } = await logged(context);
  const ask = async (text: string) => {
    proxy!.install(text);
    await (await proxy!.client().catch(() => undefined))?.untilEnd();
    await proxy!.server.until(() => proxy!.dataplane.connectionCount === 0, 'the end');
  };
  proxy = await startProxy(() => {}, { dynamic: 'http: {}', metrics: {}, accessLog });
  const closed = dynamic().replace('PORT', '1');
  await ask(closed);
  await ask(closed.replace('[{ address: "127.0.0.1:1" }]', '[]'));
  const ends = (await lines()).map(({ ConnectionEnd }) => ConnectionEnd);
  assert.deepEqual(ends, ['UPSTREAM_CONNECT_REFUSED', 'NO_SERVER_AVAILABLE']);
});

it('resets connections to a server that is down, where the service says so', async () => {
  proxy = await startProxy(({ socket }, chunk) => socket.write(chunk), { dynamic: dynamic(', onServerDown: reset') });
  const client = await proxy.client();
  client.write('hello');
  await client.untilText('hello');
  proxy.status.setHealth(proxy.rowOf(`\ntcp\napp@file\n127.0.0.1:${proxy.server.port}`), ServerHealth.DOWN);
  await client.untilEnd();
  assert.equal(client.errorCode, 'ECONNRESET');
});

it('ends them one by one where it says so, unless the server comes back', async () => {
  proxy = await startProxy(({ socket }, chunk) => socket.write(chunk), {
    dynamic: dynamic(', onServerDown: drain'),
    serverDrainMs: 1_000,
  });
  const row = proxy.rowOf(`\ntcp\napp@file\n127.0.0.1:${proxy.server.port}`);
  const clients = await Promise.all([1, 2, 3].map(() => proxy!.client()));
  for (const client of clients) await client.write('hello').untilText('hello');
  proxy.status.setHealth(row, ServerHealth.DOWN);
  for (const client of clients) await client.untilEnd();
  proxy.status.setHealth(row, ServerHealth.UP);
  const again = await proxy.client();
  await again.write('hello').untilText('hello');
});

/** With lines of TCP. */
async function logged(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tcp-log-'));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'access.log');
  const { configuration } = decodeStaticText(
    `accessLog: { filePath: ${file}, format: json, addTcp: true }\nentryPoints: { web: { address: ":0" } }`,
    'yaml',
    'test.yaml',
  );
  const accessLog = await openAccessLog(configuration.accessLog!, pino({ level: 'silent' }), () => {});
  const lines = async () => {
    await accessLog.close(30_000);
    const text = readFileSync(file, 'utf8').trim();
    return text === '' ? [] : text.split('\n').map((line) => JSON.parse(line));
  };
  return { accessLog, lines };
}

it('writes a line when a connection has ended', async (context) => {
  const { accessLog, lines } = await logged(context);
  proxy = await startProxy(({ socket }, chunk) => socket.end(chunk), { dynamic: dynamic(), accessLog });
  const client = await proxy.client();
  client.write('hello');
  await client.untilEnd();
  client.close();
  await proxy.server.until(() => proxy!.dataplane.connectionCount === 0, 'the end');
  const [line] = await lines();
  assert.deepEqual(
    [line.ConnectionEnd, line.RequestProtocol, line.RouterName, line.RequestContentSize, line.DownstreamContentSize],
    ['server', 'TCP', 'all@file', 5, 5],
  );
  assert.equal(line.ServiceAddr, `127.0.0.1:${proxy.server.port}`);
});
