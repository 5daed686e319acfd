import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { ServerHealth, ServerStatus } from '@sluice/shared-state';
import { startGrpcServer, statusMessage } from '../test/support/grpc-server.ts';
import { HealthChecks } from './health-checks.ts';
import type { HealthChange, HealthTarget } from './health-target.ts';
import { checkSettings, FORWARDING_TIMEOUTS } from './testing/check-settings.ts';
import { eventually, startServer } from './testing/real-server.ts';

const ROWS = 64;
const LONG_MS = 3_600_000;

function setUp(t: TestContext, concurrentMax?: number) {
  const status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(ROWS, 1)), 1);
  const changes: HealthChange[] = [];
  const errors: object[] = [];
  const checks = new HealthChecks({
    status,
    log: { debug: () => {}, error: (fields) => errors.push(fields) },
    onChange: (change) => {
      // The promise to observers: shared memory says it already.
      assert.equal(status.isUp(rowOf(change.url)), change.to === 'up');
      changes.push(change);
    },
    ...(concurrentMax === undefined ? {} : { concurrentMax }),
  });
  t.after(() => checks.close());
  const rows = new Map<string, number>();
  const rowOf = (url: string): number => rows.get(url) ?? rows.set(url, rows.size).get(url)!;
  const target = (urls: readonly string[], settings: Parameters<typeof checkSettings>[0] | null): HealthTarget => ({
    service: 'web@file',
    healthCheck: settings === null ? undefined : checkSettings(settings),
    forwardingTimeouts: FORWARDING_TIMEOUTS,
    servers: urls.map((url) => ({ url, statusRow: rowOf(url) })),
  });
  return { status, changes, errors, checks, target, rowOf };
}

/** A server whose status is what `health.status` says now. */
async function switchable(t: TestContext) {
  const health = { status: 200 };
  const server = await startServer(t, (_request, response) => response.writeHead(health.status).end());
  return { ...server, health };
}

test('servers without health check are up', (t) => {
  const { checks, target, status, changes } = setUp(t);
  checks.apply([target(['http://a:1', 'http://b:1'], null)]);
  assert.ok(status.isUp(0) && status.isUp(1));
  assert.deepEqual(changes, []);
});

test('a failing server goes down and comes back, one change each', async (t) => {
  const server = await switchable(t);
  const { checks, target, status, changes } = setUp(t);
  checks.apply([target([server.url], {})]);
  assert.ok(status.isUp(0), 'up from the start');
  await eventually('two checks', () => server.requests.length >= 2);
  server.health.status = 503;
  await eventually('down', () => !status.isUp(0));
  const seen = server.requests.length;
  await eventually('two more checks', () => server.requests.length >= seen + 2);
  server.health.status = 200;
  await eventually('up', () => status.isUp(0));
  assert.deepEqual(changes, [
    {
      service: 'web@file',
      url: server.url,
      from: 'up',
      to: 'down',
      reason: 'status 503, expected 200–399',
      hasOtherRole: false,
    },
    { service: 'web@file', url: server.url, from: 'down', to: 'up', reason: 'status 200', hasOtherRole: false },
  ]);
});

test('a flapping server stays as it is below the thresholds', async (t) => {
  let count = 0;
  const server = await startServer(t, (_request, response) => response.writeHead(count++ % 2 === 0 ? 503 : 200).end());
  const { checks, target, changes } = setUp(t);
  checks.apply([target([server.url], { interval: 5, unhealthyInterval: 5, unhealthyThreshold: 2 })]);
  await eventually('many checks', () => server.requests.length >= 8);
  assert.deepEqual(changes, []);
});

test('initialState unknown is checked at once and not picked before', async (t) => {
  const server = await switchable(t);
  const { checks, target, status, changes } = setUp(t);
  checks.apply([target([server.url], { initialState: 'unknown', interval: LONG_MS, unhealthyInterval: LONG_MS })]);
  assert.equal(status.health(0), ServerHealth.UNKNOWN);
  assert.ok(!status.isUp(0));
  await eventually('up', () => status.isUp(0));
  assert.equal(changes[0]!.from, 'unknown');
  assert.equal(server.requests.length, 1);
});

test('a server of state unknown that fails its first check is down', async (t) => {
  const server = await switchable(t);
  server.health.status = 500;
  const { checks, target, status } = setUp(t);
  checks.apply([target([server.url], { initialState: 'unknown', unhealthyThreshold: 3 })]);
  await eventually('down', () => status.health(0) === ServerHealth.DOWN);
});

test('a server that is down is checked at the unhealthy interval', async (t) => {
  const server = await switchable(t);
  server.health.status = 500;
  const { checks, target, status } = setUp(t);
  checks.apply([target([server.url], { initialState: 'unknown', interval: LONG_MS, unhealthyInterval: 10 })]);
  await eventually('several checks', () => server.requests.length >= 3);
  server.health.status = 200;
  await eventually('up', () => status.isUp(0));
  const seen = server.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(server.requests.length, seen, 'the next check is an hour away');
});

test('one slow server does not delay the others', async (t) => {
  const slow = await startServer(t, () => {});
  const fast = await switchable(t);
  const { checks, target, status, rowOf } = setUp(t);
  const urls = [slow.url, fast.url];
  checks.apply([target(urls, { initialState: 'unknown', timeout: 60_000 })]);
  await eventually('the fast one up', () => status.isUp(rowOf(fast.url)));
  await eventually('many checks of the fast one', () => fast.requests.length >= 5);
  assert.equal(slow.requests.length, 1);
});

test('checks at once are bounded, all servers are reached', async (t) => {
  const held: ServerResponse[] = [];
  let most = 0;
  const server = await startServer(t, (_request, response) => {
    held.push(response);
    most = Math.max(most, held.length);
    setTimeout(() => held.splice(held.indexOf(response), 1)[0]!.end(), 10);
  });
  const { checks, target, status } = setUp(t, 3);
  const urls = Array.from({ length: 20 }, (_, index) => `${server.url}/${index}`);
  checks.apply([target(urls, { initialState: 'unknown', interval: LONG_MS, unhealthyInterval: LONG_MS })]);
  await eventually('all up', () => urls.every((_, row) => status.isUp(row)));
  assert.equal(server.requests.length, 20);
  assert.ok(most <= 3, `${most} at once`);
});

test('apply keeps state and schedule of what has not changed', async (t) => {
  const server = await switchable(t);
  server.health.status = 500;
  const { checks, target, status, changes } = setUp(t);
  const settings = { initialState: 'unknown', interval: LONG_MS, unhealthyInterval: LONG_MS } as const;
  checks.apply([target([server.url], settings)]);
  await eventually('down', () => changes.length === 1);
  for (let i = 0; i < 5; i++) checks.apply([target(['http://127.0.0.1:1', server.url], settings)]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(status.health(0), ServerHealth.DOWN);
  assert.equal(server.requests.length, 1, 'no new first check');
});

test('changed settings keep the state and check at once', async (t) => {
  const server = await switchable(t);
  server.health.status = 500;
  const { checks, target, status, changes } = setUp(t);
  const settings = { initialState: 'unknown', interval: LONG_MS, unhealthyInterval: LONG_MS } as const;
  checks.apply([target([server.url], settings)]);
  await eventually('down', () => changes.length === 1);
  checks.apply([target([server.url], { ...settings, initialState: 'up', status: 500 })]);
  assert.equal(status.health(0), ServerHealth.DOWN, 'a reload alone brings no dead server back');
  await eventually('up by the new settings', () => status.isUp(0));
  assert.equal(server.requests.length, 2);
});

test('a removed health check brings the server up, with a reason', async (t) => {
  const server = await switchable(t);
  server.health.status = 500;
  const { checks, target, status, changes } = setUp(t);
  checks.apply([target([server.url], { initialState: 'unknown' })]);
  await eventually('down', () => changes.length === 1);
  checks.apply([target([server.url], null)]);
  assert.ok(status.isUp(0));
  assert.deepEqual(changes.at(-1), {
    service: 'web@file',
    url: server.url,
    from: 'down',
    to: 'up',
    reason: 'health check removed',
    hasOtherRole: false,
  });
});

test('a removed server is not written to any more, also by a check under way', async (t) => {
  const held: ServerResponse[] = [];
  const server = await startServer(t, (_request, response) => held.push(response));
  const { checks, target, status, changes } = setUp(t);
  checks.apply([target([server.url], { initialState: 'unknown' })]);
  await eventually('the check under way', () => held.length === 1);
  checks.apply([]);
  status.reset(0, ServerHealth.DOWN);
  held[0]!.end();
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.equal(status.health(0), ServerHealth.DOWN);
  assert.deepEqual(changes, []);
  assert.equal(server.requests.length, 1);
});

test('a row given to another server starts anew', async (t) => {
  const { checks, target, status } = setUp(t);
  checks.apply([
    target(['http://127.0.0.1:1'], { initialState: 'unknown', interval: LONG_MS, unhealthyInterval: LONG_MS }),
  ]);
  await eventually('down', () => status.health(0) === ServerHealth.DOWN);
  const settings = { interval: LONG_MS, unhealthyInterval: LONG_MS };
  checks.apply([{ ...target([], settings), servers: [{ url: 'http://127.0.0.1:2', statusRow: 0 }] }]);
  assert.ok(status.isUp(0));
});

test('a check that cannot be made is logged once and keeps failing', async (t) => {
  const { checks, target, status, errors, changes } = setUp(t);
  checks.apply([target(['http://127.0.0.1:1'], { path: '//other/x', interval: 5, unhealthyInterval: 5 })]);
  await eventually('down', () => !status.isUp(0));
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(errors.length, 1);
  assert.equal((errors[0] as { code: string }).code, 'HEALTH_CHECK_INVALID');
  assert.match(changes[0]!.reason, /must not have a host/);
});

test('an observer that throws does not end the checking', async (t) => {
  const server = await switchable(t);
  const status = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(1, 1)), 1);
  const errors: object[] = [];
  const checks = new HealthChecks({
    status,
    log: { debug: () => {}, error: (fields) => errors.push(fields) },
    onChange: () => {
      throw new Error('observer');
    },
  });
  t.after(() => checks.close());
  const servers = [{ url: server.url, statusRow: 0 }];
  const healthCheck = checkSettings({ initialState: 'unknown' });
  checks.apply([{ service: 's', healthCheck, forwardingTimeouts: FORWARDING_TIMEOUTS, servers }]);
  await eventually('more checks after the fault', () => server.requests.length >= 3);
  assert.ok(status.isUp(0));
  assert.equal((errors[0] as { code: string }).code, 'HEALTH_OBSERVER_FAULT');
});

test('close stops everything and apply is refused afterwards', async (t) => {
  const server = await switchable(t);
  const { checks, target } = setUp(t);
  checks.apply([target([server.url], {})]);
  await eventually('a check', () => server.requests.length >= 1);
  checks.close();
  await new Promise((resolve) => setTimeout(resolve, 30));
  const seen = server.requests.length;
  await new Promise((resolve) => setTimeout(resolve, 80));
  assert.equal(server.requests.length, seen);
  assert.throws(() => checks.apply([]), /closed/);
});

test('a service may be checked by gRPC', async (t) => {
  let serving = true;
  const port = await startGrpcServer(t, (_call, reply) => reply(null, statusMessage(serving ? 1 : 2)));
  const { checks, target, status, changes } = setUp(t);
  const url = `http://127.0.0.1:${port}`;
  checks.apply([target([url], { mode: 'grpc' })]);
  serving = false;
  await eventually('down', () => !status.isUp(0));
  serving = true;
  await eventually('up', () => status.isUp(0));
  assert.deepEqual(
    changes.map(({ reason }) => reason),
    ['status NOT_SERVING', 'status SERVING'],
  );
});
