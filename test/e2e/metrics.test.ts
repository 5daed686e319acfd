// Metrics and ping of a real node: supervisor, two workers, and a page that has to agree with the traffic that was sent.

import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Exposition } from '@sluice/observability/testing';
import { everythingTo } from '../support/configurations.ts';
import { eventually } from '../support/eventually.ts';
import { type Asked, ask, MetricsSite, startStatusServer } from '../support/metrics-site.ts';

const timeout = 170_000;

/** Traffic with what it must add up to, by code and method. */
class Ledger {
  readonly requests = new Map<string, number>();
  requestBytes = 0;
  responseBytes = 0;

  async send(site: MetricsSite, count: number, status: number, bytes: number, asked: Asked = {}): Promise<void> {
    const { method = 'GET', body = '' } = asked;
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    const answers = Array.from({ length: count }, () => site.web({ path: `/${status}/${bytes}`, ...asked, agent }));
    for (const answer of await Promise.all(answers)) {
      assert.equal(answer.status, status);
      this.responseBytes += answer.body.length;
    }
    agent.destroy();
    this.requestBytes += count * body.length;
    const key = `${status} ${method}`;
    this.requests.set(key, (this.requests.get(key) ?? 0) + count);
  }

  get total(): number {
    return [...this.requests.values()].reduce((sum, count) => sum + count, 0);
  }

  /** Exactly this, in every metric of the family. */
  check(page: Exposition, family: string, labels: Record<string, string>): void {
    const name = `traefik_${family}`;
    const counted = page.all(`${name}_requests_total`, labels).map(({ labels: { code, method }, value }) => {
      return [`${code} ${method}`, value] as const;
    });
    assert.deepEqual(new Map(counted.sort()), new Map([...this.requests].sort()));
    assert.equal(page.sum(`${name}_requests_bytes_total`, labels), this.requestBytes);
    assert.equal(page.sum(`${name}_responses_bytes_total`, labels), this.responseBytes);
    const duration = `${name}_request_duration_seconds`;
    assert.equal(page.sum(`${duration}_count`, labels), this.total);
    assert.equal(page.sum(`${duration}_bucket`, { ...labels, le: '+Inf' }), this.total);
    for (const { labels: one, value } of page.all(`${duration}_count`, labels)) {
      const buckets = ['0.1', '0.3', '1.2', '5', '+Inf'].map((le) => page.sum(`${duration}_bucket`, { ...one, le }));
      assert.deepEqual(
        [...buckets].sort((a, b) => a - b),
        buckets,
        'buckets are cumulative',
      );
      assert.equal(buckets.at(-1), value);
    }
  }
}

function assertNothingFell(before: Exposition, after: Exposition): void {
  const now = after.monotonic();
  for (const [series, value] of before.monotonic()) {
    assert.ok((now.get(series) ?? -1) >= value, `${series} fell from ${value} to ${now.get(series)}`);
  }
}

test('the page agrees with the traffic, exactly, also after a worker was killed', { timeout }, async (context) => {
  const site = await MetricsSite.create(context, { metrics: { prometheus: { addRoutersLabels: true } } });
  site.site.writeDynamic(everythingTo({ servers: [await startStatusServer(context)] }));
  const node = await site.site.serve();
  const ledger = new Ledger();
  const traffic = async () => {
    await ledger.send(site, 40, 200, 10);
    await ledger.send(site, 10, 404, 0);
    await ledger.send(site, 5, 503, 70_000);
    await ledger.send(site, 8, 201, 3, { method: 'POST', body: 'b'.repeat(1_000) });
    await ledger.send(site, 4, 200, 0, { method: 'DELETE' });
    await ledger.send(site, 4, 200, 0, { method: 'HEAD' });
  };
  const agrees = async () => {
    await eventually('all requests are counted', async () => {
      return (await site.scrape()).sum('traefik_entrypoint_requests_total', { entrypoint: 'web' }) >= ledger.total;
    });
    const page = await site.scrape();
    ledger.check(page, 'entrypoint', { entrypoint: 'web', protocol: 'http' });
    ledger.check(page, 'router', { router: 'all@file', service: 'all@file' });
    ledger.check(page, 'service', { service: 'all@file' });
    return page;
  };
  await traffic();
  await eventually('all clients are gone', async () => {
    return (await site.scrape()).sum('traefik_open_connections', { entrypoint: 'web' }) === 0;
  });
  const first = await agrees();
  assert.equal(first.sum('traefik_open_connections', { entrypoint: 'web' }), 0);
  assert.equal(first.all('traefik_entrypoint_requests_total', { entrypoint: 'traefik' }).length, 0, 'our own pages');
  for (const pid of node.workerPids) {
    const from = node.lines.length;
    process.kill(pid, 'SIGKILL');
    await node.line('worker serves', from);
    assertNothingFell(first, await site.scrape());
  }
  const between = await agrees();
  assert.equal(between.sum('sluice_worker_restarts_total'), 2);
  await traffic();
  const last = await agrees();
  assertNothingFell(between, last);
  assert.equal(last.sum('sluice_metrics_overflow_total'), 0);
});

test('open connections are counted while they are open, and not after their worker has died', {
  timeout,
}, async (context) => {
  const site = await MetricsSite.create(context, { workers: 1 });
  site.site.writeDynamic(everythingTo({ servers: [await startStatusServer(context)] }));
  const node = await site.site.serve();
  const open = async () =>
    (await site.scrape()).sum('traefik_open_connections', { entrypoint: 'web', protocol: 'TCP' });
  assert.equal(await open(), 0);
  const agent = new Agent({ keepAlive: true });
  await Promise.all([1, 2, 3].map(() => site.web({ agent })));
  assert.equal(await open(), 3);
  const from = node.lines.length;
  process.kill(node.workerPids[0]!, 'SIGKILL');
  await node.line('worker serves', from);
  assert.equal(await open(), 0);
  agent.destroy();
});

test('reloads are counted; what they take away is shown once more; what they keep goes on', {
  timeout,
}, async (context) => {
  const site = await MetricsSite.create(context);
  const upstream = await startStatusServer(context);
  const dynamic = (...services: string[]) => ({
    http: {
      routers: Object.fromEntries(services.map((name) => [name, { rule: `Host(\`${name}\`)`, service: name }])),
      services: Object.fromEntries(
        services.map((name) => [name, { loadBalancer: { servers: [{ url: upstream }], healthCheck: { path: '/' } } }]),
      ),
    },
  });
  const started = Date.now() / 1000;
  site.site.writeDynamic(dynamic('kept', 'gone'));
  const node = await site.site.serve();
  for (const host of ['kept', 'gone']) await site.web({ headers: { host } });
  const before = await site.scrape();
  assert.equal(before.sum('traefik_config_reloads_total'), 1);
  assert.ok(before.sum('traefik_config_last_reload_success') >= Math.floor(started));
  assert.equal(before.sum('traefik_service_server_up', { service: 'gone@file', url: upstream }), 1);
  const from = node.lines.length;
  site.site.writeDynamic(dynamic('kept'));
  await node.line('configuration published', from);
  const requests = (page: Exposition, service: string) => page.all('traefik_service_requests_total', { service });
  const once = await site.scrape();
  assert.equal(once.sum('traefik_config_reloads_total'), 2);
  assert.equal(requests(once, 'gone@file').length, 1);
  assertNothingFell(before, once);
  const after = await site.scrape();
  assert.equal(requests(after, 'gone@file').length, 0);
  await site.web({ headers: { host: 'kept' } });
  await eventually('it is counted', async () => {
    return (await site.scrape()).sum('traefik_service_requests_total', { service: 'kept@file' }) === 2;
  });
});

test('what is switched off is not counted; what clients make up is bounded', { timeout }, async (context) => {
  const sections = {
    metrics: { prometheus: { buckets: [1], addEntryPointsLabels: false, headerLabels: { by: 'X-By' } } },
  };
  const site = await MetricsSite.create(context, { ...sections, workers: 1 });
  site.site.writeDynamic(everythingTo({ servers: [await startStatusServer(context)] }));
  await site.site.serve();
  const agent = new Agent({ keepAlive: true });
  const COUNT = 300;
  for (let i = 0; i < COUNT; i++) {
    const headers = { 'x-by': `${i % 3}"\\`, host: `host-${i}.test` };
    await site.web({ method: i % 2 === 0 ? 'GET' : `MADE-UP-${i}`, path: `/${i}?${i}`, headers, agent });
  }
  agent.destroy();
  await eventually('all are counted', async () => {
    return (await site.scrape()).sum('traefik_service_requests_total') >= COUNT;
  });
  const page = await site.scrape();
  assert.equal(page.all('traefik_entrypoint_requests_total').length, 0);
  const methods = page.all('traefik_service_request_duration_seconds_count').map(({ labels }) => labels.method);
  assert.deepEqual(methods.sort(), ['EXTENSION_METHOD', 'GET']);
  assert.equal(page.sum('traefik_service_requests_total'), COUNT);
  assert.equal(page.sum('traefik_service_requests_total', { by: '0"\\' }), COUNT / 3);
  assert.equal(page.all('traefik_service_requests_total').length, 6);
  const bounds = page.all('traefik_service_request_duration_seconds_bucket', { method: 'GET' });
  assert.deepEqual(
    bounds.map(({ labels }) => labels.le),
    ['1', '+Inf'],
  );
});

test('ping: where it is said to be, with the reason as body', { timeout }, async (context) => {
  const site = await MetricsSite.create(context, { ping: { entryPoint: 'web' } });
  site.site.writeDynamic(everythingTo({ servers: [await startStatusServer(context)] }));
  await site.site.serve();
  for (const [method, path] of [
    ['GET', '/ping'],
    ['POST', '/pingx'],
    ['PUT', '/ping/any?thing'],
  ] as const) {
    const { status, body, headers } = await site.web({ method, path });
    assert.deepEqual([status, body], [200, 'OK']);
    assert.deepEqual([headers.uwebsockets, headers['content-type']], [undefined, undefined]);
  }
  const head = await site.web({ method: 'HEAD', path: '/ping' });
  assert.deepEqual([head.status, head.headers['content-length']], [200, '2']);
  assert.equal((await site.internal('/ping')).status, 404);
  const { body } = await site.web({ path: '/ping', headers: { host: 'prometheus', 'x-forwarded-host': 'prometheus' } });
  assert.equal(body, 'OK', 'no client chooses the service behind the socket');
});

test('manual routing: behind the user’s own rule and middlewares, and nowhere else', { timeout }, async (context) => {
  const manualRouting = true;
  const sections = { ping: { manualRouting }, metrics: { addInternals: true, prometheus: { manualRouting } } };
  const site = await MetricsSite.create(context, sections);
  site.site.writeDynamic({
    http: {
      routers: {
        live: { rule: 'Path(`/live`)', service: 'ping@internal', middlewares: ['mark', 'cut'] },
        numbers: { rule: 'Host(`numbers.test`)', service: 'prometheus@internal' },
        lost: { rule: 'Path(`/lost`)', service: 'api@internal' },
      },
      middlewares: {
        mark: { headers: { customResponseHeaders: { 'X-Mark': 'seen' } } },
        cut: { stripPrefix: { prefixes: ['/live'] } },
      },
    },
  });
  const node = await site.site.serve();
  const { status, body, headers } = await site.web({ path: '/live' });
  assert.deepEqual([status, body, headers['x-mark']], [200, 'OK', 'seen']);
  const page = await site.web({ path: '/whatever', headers: { host: 'numbers.test' } });
  assert.match(page.body, /^traefik_config_reloads_total 1$/m);
  assert.match(page.body, /^traefik_service_requests_total\{.*service="ping@internal".*\} 1$/m);
  for (const path of ['/ping', '/metrics']) {
    assert.equal((await site.web({ path })).status, 404);
    assert.equal((await site.internal(path)).status, 404);
  }
  const texts = node.complaints.map(({ msg }) => msg);
  assert.equal(texts.length, 1, texts.join('\n'));
  assert.match(texts[0]!, /dynamic.yaml:\d+:\d+.*"api@internal" is not supported.*http\.routers\.lost/);
});

test('told to stop, ping says so at once, as long as requests are taken', { timeout }, async (context) => {
  const site = await MetricsSite.create(context, { ping: { terminatingStatusCode: 418 } });
  const transport = { lifeCycle: { requestAcceptGraceTimeout: '5s' } };
  const { internalPort } = site;
  site.site.writeStatic({
    ping: { terminatingStatusCode: 418 },
    entryPoints: { traefik: { address: `127.0.0.1:${internalPort}`, transport }, web: { address: '127.0.0.1:0' } },
  });
  site.site.writeDynamic({});
  const node = await site.site.serve();
  assert.equal((await site.internal('/ping')).status, 200);
  node.kill('SIGTERM');
  await node.line(/^stopping: /);
  await sleep(100);
  const { status, body } = await site.internal('/ping');
  assert.deepEqual([status, body], [418, "I'm a Teapot"]);
  assert.equal(await node.exited, 0);
});

test('the socket is for our user alone, and gone after the end', { timeout }, async (context) => {
  const site = await MetricsSite.create(context);
  site.site.writeDynamic({});
  const node = await site.site.serve();
  const [instance] = readdirSync(site.site.runtimeBase).filter((name) => /^[0-9a-f]{16}$/.test(name));
  const folder = join(site.site.runtimeBase, instance!);
  assert.equal(statSync(join(folder, 'admin.sock')).mode & 0o777, 0o600);
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  assert.equal(await node.stop(), 0);
  assert.deepEqual(readdirSync(folder), []);
});

test('without a supervisor workers serve, but their pages are gone; with the next one they are back', {
  timeout,
}, async (context) => {
  const site = await MetricsSite.create(context, { workers: 1 });
  site.site.writeDynamic(everythingTo({ servers: [await startStatusServer(context)] }));
  const first = await site.site.serve();
  await site.web({});
  first.kill('SIGKILL');
  await first.exited;
  assert.equal((await site.web({ path: '/200/5' })).body.length, 5);
  assert.equal((await site.internal('/ping')).status, 502);
  await site.site.serve();
  await eventually('ping answers again', async () => (await site.internal('/ping')).status === 200);
  const page = await site.scrape();
  assert.equal(page.sum('traefik_config_reloads_total'), 1);
});

test('nothing is counted and nothing listens when nobody asks for it', { timeout }, async (context) => {
  const site = await MetricsSite.create(context);
  site.site.writeStatic({});
  site.site.writeDynamic(everythingTo({ servers: [await startStatusServer(context)] }));
  await site.site.serve();
  assert.equal((await ask(site.site.port, { path: '/metrics' })).status, 200, 'the server’s own');
  const [instance] = readdirSync(site.site.runtimeBase).filter((name) => /^[0-9a-f]{16}$/.test(name));
  assert.ok(!readdirSync(join(site.site.runtimeBase, instance!)).includes('admin.sock'));
});

test('a page on an entry point that does not exist: no start, and the place in the file', {
  timeout,
}, async (context) => {
  const site = await MetricsSite.create(context);
  site.site.writeStatic({ ping: { entryPoint: 'webb' }, metrics: { prometheus: { buckets: [1] } } });
  const node = site.site.start();
  assert.equal(await node.exited, 1);
  assert.match(node.output, /sluice\.yaml:\d+:\d+: error: "ping\.entryPoint" names the entry point "webb".*"web"/);
});
