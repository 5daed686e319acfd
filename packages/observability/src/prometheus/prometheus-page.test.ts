import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FLOW_LABELS,
  type FlowLabel,
  LIMIT_LABELS,
  type LimitLabel,
  MetricKind,
  MetricsBlock,
  nameHash,
  ProtocolLabel,
  requestLabels,
  tlsLabels,
  withCode,
} from '@sluice/shared-state';
import { joinHeaderValues } from '../metrics/header-values.ts';
import { KeyedRow } from '../metrics/keyed-row.ts';
import { MetricRows } from '../metrics/metric-rows.ts';
import { RequestSeries } from '../metrics/request-series.ts';
import { TlsSeries } from '../metrics/tls-series.ts';
import { Exposition } from '../testing/parse-exposition.ts';
import { freeRows } from './free-rows.ts';
import { MetricNames } from './metric-names.ts';
import { NodeProcesses } from './node-processes.ts';
import { type NodeFacts, PrometheusPage } from './prometheus-page.ts';

const NOTHING: NodeFacts = {
  configReloads: 0,
  lastReloadMs: 0,
  servers: [],
  certificates: [],
  slots: [],
  processes: [],
};
const GET_200 = withCode(requestLabels('GET', ProtocolLabel.HTTP), 200);
const LABELS = { code: '200', method: 'GET', protocol: 'http' };

/** Two slots, each with a worker's view of its block. */
class Bench {
  readonly blocks: readonly MetricsBlock[];
  readonly names = new MetricNames(['web', 'traefik']);
  readonly workers: MetricRows[];
  private readonly page: PrometheusPage;

  constructor(headerLabels: readonly string[] = [], facts = NOTHING) {
    const shape = { rows: 64, bounds: [0.1, 0.3, 1.2, 5], textBytes: headerLabels.length > 0 ? 64 : 0 };
    this.blocks = [0, 1].map(() => MetricsBlock.create(new ArrayBuffer(MetricsBlock.byteLength(shape)), shape));
    this.workers = this.blocks.map((block) => new MetricRows(block));
    this.page = new PrometheusPage({
      blocks: this.blocks,
      names: this.names,
      entryPoints: ['web', 'traefik'],
      headerLabels,
      facts: () => facts,
    });
  }

  async scrape(): Promise<Exposition> {
    return Exposition.parse(await this.page.render());
  }

  restartWorker(slot: number): void {
    this.workers[slot] = new MetricRows(this.blocks[slot]!);
  }

  series(slot: number, kind: number, name: string, other = ''): RequestSeries {
    return new RequestSeries(this.workers[slot]!, {
      kind,
      name: nameHash(name),
      other: other === '' ? 0 : nameHash(other),
    });
  }

  count(slot: number, kind: number, name: string, limit: LimitLabel = 'maxConnections'): void {
    const labels = LIMIT_LABELS.indexOf(limit);
    const rows = this.workers[slot]!;
    rows.block.add(rows.rowFor({ kind, name: nameHash(name), other: 0, labels, text: '' }), 1);
  }

  request(slot: number, service: string, seconds = 0, labels = GET_200, headerValues?: string): void {
    this.series(slot, MetricKind.SERVICE_REQUESTS, service).observe(labels, seconds, 10, 100, headerValues);
  }
}

test('slots add up; buckets are cumulative, with sum and count of the same requests', async () => {
  const bench = new Bench();
  bench.names.publish(1, [], ['app@file'], 0);
  for (const [slot, seconds] of [
    [0, 0.1],
    [0, 0.2],
    [1, 2],
    [1, 60],
  ] as const) {
    bench.request(slot, 'app@file', seconds);
  }
  const page = await bench.scrape();
  const name = 'traefik_service_request_duration_seconds';
  const buckets = page.all(`${name}_bucket`).map(({ labels: { le }, value }) => [le, value]);
  assert.deepEqual(buckets, [
    ['0.1', 1],
    ['0.3', 2],
    ['1.2', 2],
    ['5', 3],
    ['+Inf', 4],
  ]);
  const labels = { ...LABELS, service: 'app@file' };
  assert.deepEqual(page.all(`${name}_count`), [{ name: `${name}_count`, labels, value: 4 }]);
  assert.ok(Math.abs(page.sum(`${name}_sum`) - 62.3) < 1e-9);
  assert.deepEqual(page.all('traefik_service_requests_total'), [
    { name: 'traefik_service_requests_total', labels, value: 4 },
  ]);
  assert.equal(page.sum('traefik_service_requests_bytes_total'), 40);
  assert.equal(page.sum('traefik_service_responses_bytes_total'), 400);
  assert.equal(page.types.get(name), 'histogram');
});

test('names and labels are those of the reference', async () => {
  const bench = new Bench();
  bench.names.publish(1, ['r@file'], ['app@file'], 0);
  bench.series(0, MetricKind.ENTRY_POINT_REQUESTS, 'web').observe(GET_200, 0, 0, 0, undefined);
  bench.series(0, MetricKind.ROUTER_REQUESTS, 'r@file', 'app@file').observe(GET_200, 0, 0, 0, undefined);
  bench.request(0, 'app@file');
  const page = await bench.scrape();
  const series = new Map(page.samples.map(({ name, labels }) => [name, Object.keys(labels).sort().join(' ')]));
  for (const [family, names] of [
    ['entrypoint', 'entrypoint'],
    ['router', 'router service'],
    ['service', 'service'],
  ] as const) {
    const labels = ['code', 'method', 'protocol', ...names.split(' ')].sort().join(' ');
    for (const metric of ['requests_total', 'requests_bytes_total', 'responses_bytes_total']) {
      assert.equal(series.get(`traefik_${family}_${metric}`), labels);
    }
    assert.equal(series.get(`traefik_${family}_request_duration_seconds_count`), labels);
    const withBound = [...labels.split(' '), 'le'].sort().join(' ');
    assert.equal(series.get(`traefik_${family}_request_duration_seconds_bucket`), withBound);
  }
  assert.equal(page.all('traefik_service_retries_total').length, 0);
});

test('flows of UDP: slots add up, what has not happened is 0, and entry points without any say nothing', async () => {
  const bench = new Bench();
  const count = (slot: number, label: FlowLabel, value: number) => {
    const labels = FLOW_LABELS.indexOf(label);
    const { block } = bench.workers[slot]!;
    const key = { kind: MetricKind.ENTRY_POINT_FLOWS, name: nameHash('web'), other: 0, labels, text: '' };
    block.add(bench.workers[slot]!.rowFor(key), value);
  };
  count(0, 'opened', 3);
  count(1, 'opened', 4);
  count(1, 'open', 2);
  count(0, 'ended_idle', 5);
  count(0, 'datagrams_from_clients', 7);
  count(0, 'dropped_queue', 1);
  const page = await bench.scrape();
  const seen = (name: string) => page.all(name).map(({ labels, value }) => [...Object.values(labels), value].join(' '));
  assert.deepEqual(seen('sluice_udp_flows_opened_total'), ['web 7']);
  assert.deepEqual(seen('sluice_udp_flows_open'), ['web 2']);
  assert.deepEqual(seen('sluice_udp_datagrams_total'), ['web client 7', 'web server 0']);
  assert.deepEqual(seen('sluice_udp_flows_ended_total').slice(0, 2), ['web idle 5', 'web evicted 0']);
  assert.equal(page.sum('sluice_udp_datagrams_dropped_total'), 1);
  assert.equal(page.types.get('sluice_udp_flows_open'), 'gauge');
});

test('limits are counted under their keys, connections by service; slots add up', async () => {
  const bench = new Bench();
  bench.names.publish(1, [], ['app@file'], 0);
  bench.count(0, MetricKind.ENTRY_POINT_LIMIT_REACHED, 'web', 'maxConnections');
  bench.count(1, MetricKind.ENTRY_POINT_LIMIT_REACHED, 'web', 'maxConnections');
  bench.count(1, MetricKind.ENTRY_POINT_LIMIT_REACHED, 'web', 'minSendBytesPerSecond');
  bench.count(0, MetricKind.SERVICE_LIMIT_REACHED, 'app@file', 'queueTimeout');
  bench.count(0, MetricKind.CONNECTIONS_OPENED, 'app@file');
  const page = await bench.scrape();
  const seen = (name: string) => page.all(name).map(({ labels, value }) => [labels, value]);
  assert.deepEqual(seen('sluice_entrypoint_limit_reached_total'), [
    [{ entrypoint: 'web', limit: 'maxConnections' }, 2],
    [{ entrypoint: 'web', limit: 'minSendBytesPerSecond' }, 1],
  ]);
  assert.deepEqual(seen('sluice_service_limit_reached_total'), [[{ service: 'app@file', limit: 'queueTimeout' }, 1]]);
  assert.deepEqual(seen('sluice_service_connections_opened_total'), [[{ service: 'app@file' }, 1]]);
});

test('requests over TLS are counted by version and cipher suite', async () => {
  const bench = new Bench();
  bench.names.publish(1, ['shop@file'], ['app@file'], 0);
  const series = (slot: number, kind: number, name: string, other = 0) =>
    new TlsSeries(bench.workers[slot]!, { kind, name: nameHash(name), other });
  const modern = tlsLabels(0x0304, 0x1301);
  for (const slot of [0, 1]) series(slot, MetricKind.ENTRY_POINT_TLS_REQUESTS, 'web').add(modern);
  const router = series(0, MetricKind.ROUTER_TLS_REQUESTS, 'shop@file', nameHash('app@file'));
  for (const labels of [tlsLabels(0x0303, 0xc02f), modern, tlsLabels(7, 7)]) router.add(labels);
  router.forgetRows();
  router.add(modern);
  series(1, MetricKind.SERVICE_TLS_REQUESTS, 'app@file').add(modern);
  const page = await bench.scrape();
  const seen = (name: string) => page.all(name).map(({ labels, value }) => [labels, value]);
  const tls13 = { tls_version: '1.3', tls_cipher: 'TLS_AES_128_GCM_SHA256' };
  const names = { router: 'shop@file', service: 'app@file' };
  assert.deepEqual(seen('traefik_entrypoint_requests_tls_total'), [[{ ...tls13, entrypoint: 'web' }, 2]]);
  assert.deepEqual(seen('traefik_router_requests_tls_total'), [
    [{ tls_version: '1.2', tls_cipher: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', ...names }, 1],
    [{ ...tls13, ...names }, 2],
    [{ tls_version: 'unknown', tls_cipher: 'unknown', ...names }, 1],
  ]);
  assert.deepEqual(seen('traefik_service_requests_tls_total'), [[{ ...tls13, service: 'app@file' }, 1]]);
});

test('a worker that is replaced takes no count back', async () => {
  const bench = new Bench();
  bench.names.publish(1, [], ['app@file'], 0);
  bench.request(0, 'app@file');
  bench.request(1, 'app@file');
  const before = (await bench.scrape()).monotonic();
  bench.restartWorker(0);
  const between = (await bench.scrape()).monotonic();
  assert.deepEqual(between, before);
  bench.request(0, 'app@file');
  const page = await bench.scrape();
  assert.equal(page.sum('traefik_service_requests_total'), 3);
  for (const [key, value] of before) assert.ok(page.monotonic().get(key)! >= value, key);
});

test('what is gone is shown once more; its rows are free when no worker holds its revision', async () => {
  const bench = new Bench();
  const requests = async (service: string) => (await bench.scrape()).all('traefik_service_requests_total', { service });
  bench.names.publish(1, [], ['old@file', 'app@file'], 0);
  bench.request(0, 'old@file');
  bench.request(0, 'app@file');
  const used = () => [1, 2].map((row) => bench.blocks[0]!.isUsed(row));
  bench.names.publish(2, [], ['app@file'], 0);
  assert.equal(bench.names.release(2, 0), false, 'not shown once more yet');
  assert.equal((await requests('old@file')).length, 1);
  assert.equal((await requests('old@file')).length, 0);
  assert.equal(bench.names.release(1, 0), false, 'a worker holds revision 1');
  assert.equal(bench.names.release(2, 0), true);
  freeRows(bench.blocks, bench.names);
  assert.deepEqual(used(), [false, true]);
  bench.names.publish(3, [], ['old@file', 'app@file'], 0);
  bench.request(0, 'old@file');
  const [again] = await requests('old@file');
  assert.equal(again!.value, 1, 'a new series');
});

test('what comes back before it is forgotten goes on where it was', async () => {
  const bench = new Bench();
  bench.names.publish(1, [], ['app@file'], 0);
  bench.request(0, 'app@file');
  bench.names.publish(2, [], [], 0);
  await bench.scrape();
  await bench.scrape();
  bench.names.publish(3, [], ['app@file'], 0);
  assert.equal(bench.names.release(3, 0), false);
  bench.request(0, 'app@file');
  assert.equal((await bench.scrape()).sum('traefik_service_requests_total'), 2);
});

test('without anybody who asks, what is gone is forgotten after a while', () => {
  const bench = new Bench();
  bench.names.publish(1, ['r@file'], ['app@file'], 0);
  bench.names.publish(2, [], [], 1_000);
  assert.equal(bench.names.release(2, 600_000), false);
  assert.equal(bench.names.release(2, 601_000), true);
  assert.ok(bench.names.isReleased('routers', nameHash('r@file')));
  assert.ok(!bench.names.isReleased('entryPoints', nameHash('web')));
});

test('two thousand services that come and go leave room for the next', () => {
  const bench = new Bench();
  for (let revision = 1; revision <= 2_000; revision++) {
    const services = [`pod-${revision}@file`];
    bench.names.publish(revision, [], services, 0);
    bench.names.markShown();
    if (bench.names.release(revision, 0)) freeRows(bench.blocks, bench.names);
    bench.request(0, services[0]!);
    bench.request(0, services[0]!, 0, withCode(GET_200, 4));
  }
  assert.deepEqual(bench.blocks[0]!.requests(0).buckets, [0, 0, 0, 0, 0]);
});

test('header labels belong to the counters of requests alone; every request is in one of their series', async () => {
  const bench = new Bench(['tenant', 'zone']);
  bench.names.publish(1, [], ['app@file'], 0);
  const values = (...texts: (string | undefined)[]) => joinHeaderValues(texts, 64);
  bench.request(0, 'app@file', 0, GET_200, values('a"\\', 'x'));
  bench.request(1, 'app@file', 0, GET_200, values('a"\\', 'x'));
  bench.request(0, 'app@file', 0, GET_200, values(undefined, undefined));
  for (let i = 0; i < 100; i++) bench.request(0, 'app@file', 0, GET_200, values(`made-up-${i}`, ''));
  const page = await bench.scrape();
  assert.equal(page.sum('traefik_service_requests_total', { tenant: 'a"\\', zone: 'x' }), 2);
  assert.equal(page.sum('traefik_service_requests_total'), 103);
  assert.ok(page.all('traefik_service_requests_total').length <= 6);
  assert.equal(page.all('traefik_service_requests_total').filter(({ labels }) => labels.tenant === '').length, 1);
  assert.deepEqual(Object.keys(page.all('traefik_service_requests_bytes_total')[0]!.labels).sort(), [
    'code',
    'method',
    'protocol',
    'service',
  ]);
});

test('the node’s own facts', async () => {
  const bench = new Bench([], {
    configReloads: 3,
    lastReloadMs: 1_700_000_000_999,
    servers: [
      { service: 'app@file', url: 'http://a', isUp: true },
      { service: 'app@file', url: 'http://b', isUp: false },
    ],
    certificates: [],
    slots: [{ slot: 0, restarts: 2, lastPauseUs: 250, maxPauseUs: 400, droppedLogLines: 17 }],
    processes: new NodeProcesses().families([process.pid]),
  });
  const page = await bench.scrape();
  assert.equal(page.sum('traefik_config_reloads_total'), 3);
  assert.equal(page.sum('traefik_config_last_reload_success'), 1_700_000_000);
  assert.equal(page.sum('traefik_service_server_up', { service: 'app@file', url: 'http://a' }), 1);
  assert.equal(page.sum('traefik_service_server_up', { url: 'http://b' }), 0);
  assert.equal(page.all('traefik_service_server_up').length, 2);
  assert.equal(page.sum('sluice_worker_restarts_total', { slot: '0' }), 2);
  assert.equal(page.sum('sluice_config_switch_pause_seconds', { slot: '0' }), 0.00025);
  assert.equal(page.sum('sluice_access_log_dropped_lines_total', { slot: '0' }), 17);
  const open = page.all('traefik_open_connections').map(({ labels }) => labels);
  assert.deepEqual(open, [
    { entrypoint: 'web', protocol: 'TCP' },
    { entrypoint: 'traefik', protocol: 'TCP' },
  ]);
  assert.ok(page.sum('process_resident_memory_bytes') > 10_000_000);
  assert.ok(page.sum('process_open_fds') > 3 && page.sum('process_max_fds') > 3);
  assert.ok(Math.abs(page.sum('process_start_time_seconds') - (Date.now() / 1000 - process.uptime())) < 5);
});

test('certificates: when each expires, and of those that cannot be told apart the first', async () => {
  const certificate = (commonName: string, dnsNames: string[], notAfter: number) => ({
    commonName,
    serialNumber: '340282366920938463463374607431768211455',
    dnsNames,
    notAfter,
  });
  const bench = new Bench([], {
    ...NOTHING,
    certificates: [
      certificate('a "b"', ['z.example', 'a.example'], 1_700_000_000_999),
      certificate('twice', [], 1_800_000_000_000),
      certificate('twice', [], 1_750_000_000_000),
    ],
  });
  const page = await bench.scrape();
  assert.deepEqual(
    page.all('traefik_tls_certs_not_after').map(({ labels, value }) => [labels.cn, labels.sans, value]),
    [
      ['a "b"', 'a.example,z.example', 1_700_000_000],
      ['twice', '', 1_750_000_000],
    ],
  );
  assert.equal(page.all('traefik_tls_certs_not_after')[0]!.labels.serial, '340282366920938463463374607431768211455');
});

test('processor time of processes that have ended stays in the sum', () => {
  const processes = new NodeProcesses();
  const cpu = (pids: number[]) => processes.families(pids)[0]!.values[0]!.value;
  const first = cpu([process.pid]);
  assert.ok(first > 0);
  assert.equal(cpu([]), first);
});

test('requests at the same time get one page', async () => {
  const bench = new Bench();
  let collected = 0;
  const page = new PrometheusPage({
    blocks: bench.blocks,
    names: bench.names,
    entryPoints: [],
    headerLabels: [],
    facts: () => ({ ...NOTHING, configReloads: ++collected }),
  });
  const [first, second] = await Promise.all([page.render(), page.render()]);
  assert.equal(first, second);
  assert.equal(collected, 1);
  assert.notEqual(await page.render(), first);
});

test('TCP connections are counted by their ends and directions, and those to servers by time and failure', async () => {
  const bench = new Bench();
  bench.names.publish(1, ['pg@file'], ['db@file'], 0);
  const router = { name: nameHash('pg@file'), other: nameHash('db@file') };
  for (const rows of bench.workers) {
    new KeyedRow(rows, { ...router, kind: MetricKind.TCP_ROUTER_CONNECTIONS, labels: 1 }).add(2);
    new KeyedRow(rows, { ...router, kind: MetricKind.TCP_ROUTER_OPEN_CONNECTIONS }).set(3);
    new KeyedRow(rows, { ...router, kind: MetricKind.TCP_ROUTER_BYTES, labels: 0 }).add(1_000);
    new KeyedRow(rows, { kind: MetricKind.TCP_ENTRY_POINT_BYTES, name: nameHash('web'), labels: 1 }).add(10);
    new KeyedRow(rows, { kind: MetricKind.TCP_SERVICE_CONNECTS, name: nameHash('db@file') }).observe(0.2);
    const failures = { kind: MetricKind.TCP_SERVICE_CONNECT_FAILURES, name: nameHash('db@file'), labels: 1 };
    new KeyedRow(rows, failures).add(1);
  }
  const page = await bench.scrape();
  const names = { router: 'pg@file', service: 'db@file' };
  const one = (name: string) => page.all(name).map(({ labels, value }) => [labels, value]);
  assert.deepEqual(one('sluice_tcp_router_connections_total'), [[{ ...names, end: 'server' }, 4]]);
  assert.deepEqual(one('sluice_tcp_router_open_connections'), [[names, 6]]);
  assert.deepEqual(one('sluice_tcp_router_bytes_total'), [[{ ...names, direction: 'received' }, 2_000]]);
  assert.deepEqual(one('sluice_tcp_entrypoint_bytes_total'), [[{ entrypoint: 'web', direction: 'sent' }, 20]]);
  assert.deepEqual(one('sluice_tcp_service_connect_duration_seconds_count'), [[{ service: 'db@file' }, 2]]);
  assert.deepEqual(one('sluice_tcp_service_connect_failures_total'), [[{ service: 'db@file', cause: 'refused' }, 2]]);
});

test('a row that was freed and given to another key is not written to by the one before', () => {
  const [rows] = new Bench().workers;
  const key = { kind: MetricKind.TCP_ROUTER_OPEN_CONNECTIONS, name: nameHash('a') };
  const first = new KeyedRow(rows!, key);
  first.set(5);
  const row = rows!.rowFor({ ...key, other: 0, labels: 0, text: '' });
  rows!.block.free(row);
  while (rows!.rowFor({ ...key, name: nameHash(`other ${rows!.block.end}`), other: 0, labels: 0, text: '' }) !== row);
  first.set(7);
  assert.notEqual(rows!.block.value(row), 7);
});
