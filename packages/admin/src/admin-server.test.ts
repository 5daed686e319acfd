import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { AdminServer } from './admin-server.ts';
import type { InternalService } from './internal-service.ts';
import { MetricsService } from './metrics-service.ts';
import { NoopService } from './noop-service.ts';
import { PingService } from './ping-service.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

class Bench {
  readonly path: string;
  readonly faults: [string, unknown][] = [];
  readonly server: AdminServer;

  static async start(context: TestContext, services: Record<string, InternalService>, umask = 0o022): Promise<Bench> {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-admin-'));
    const before = process.umask(umask);
    try {
      const path = join(folder, 'admin.sock');
      writeFileSync(path, 'left behind');
      const faults: [string, unknown][] = [];
      const onFault = (service: string, error: unknown) => void faults.push([service, error]);
      const server = await AdminServer.start({ path, services: new Map(Object.entries(services)), onFault });
      context.after(() => {
        server.close();
        rmSync(folder, { recursive: true, force: true });
      });
      return new Bench(path, server, faults);
    } finally {
      assert.equal(process.umask(before), umask, 'the umask is as it was');
    }
  }

  private constructor(path: string, server: AdminServer, faults: [string, unknown][]) {
    this.path = path;
    this.server = server;
    this.faults = faults;
  }

  ask(host: string, options: RequestOptions = {}, body = ''): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const asked = request({ ...options, socketPath: this.path, headers: { host, ...options.headers }, agent: false });
      asked.on('error', reject);
      asked.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
        );
      });
      asked.end(body);
    });
  }
}

const text = (body: string): InternalService => ({ answer: () => ({ status: 200, fields: [], body }) });

test('only our own user can open the socket, whatever the umask', async (context) => {
  for (const umask of [0o000, 0o022, 0o077]) {
    const bench = await Bench.start(context, {}, umask);
    assert.equal(statSync(bench.path).mode & 0o777, 0o600);
  }
});

test('services are told apart by the host alone', async (context) => {
  const bench = await Bench.start(context, { a: text('of a'), b: text('of b') });
  assert.equal((await bench.ask('a', { path: '/b?host=b' })).body.toString(), 'of a');
  assert.equal((await bench.ask('b', { headers: { 'x-forwarded-host': 'a' } })).body.toString(), 'of b');
  for (const host of ['c', '', '__proto__', 'a:80']) assert.equal((await bench.ask(host)).status, 404, host);
});

test('a service sees method, path and query as they came', async (context) => {
  const seen: unknown[] = [];
  const bench = await Bench.start(context, {
    a: {
      answer: (asked) => {
        seen.push(asked);
        return { status: 200, fields: [['X-A', 'b']], body: '' };
      },
    },
  });
  const { headers } = await bench.ask('a', {
    method: 'PATCH',
    path: '/x%2Fy?a=b%20c',
    headers: { 'accept-encoding': 'br' },
  });
  assert.deepEqual(seen, [{ method: 'PATCH', path: '/x%2Fy', query: 'a=b%20c', acceptEncoding: 'br' }]);
  assert.equal(headers['x-a'], 'b');
});

test('ping: any method with the phrase as body, another status once it is to end', async (context) => {
  const ping = new PingService(503);
  const bench = await Bench.start(context, { ping });
  for (const method of ['GET', 'POST', 'DELETE', 'OPTIONS']) {
    const { status, body, headers } = await bench.ask('ping', { method }, method === 'POST' ? 'ignored' : '');
    assert.deepEqual([status, body.toString(), headers['content-type']], [200, 'OK', undefined], method);
  }
  const head = await bench.ask('ping', { method: 'HEAD' });
  assert.deepEqual([head.status, head.body.length, head.headers['content-length']], [200, 0, '2']);
  ping.terminate();
  const { status, body } = await bench.ask('ping');
  assert.deepEqual([status, body.toString()], [503, 'Service Unavailable']);
});

test('ping: a status that has no body, and one that nobody knows', async (context) => {
  const [silent, odd] = [new PingService(204), new PingService(299)];
  silent.terminate();
  odd.terminate();
  const bench = await Bench.start(context, { silent, odd });
  const answer = await bench.ask('silent');
  assert.deepEqual([answer.status, answer.body.length, answer.headers['content-length']], [204, 0, undefined]);
  assert.equal((await bench.ask('odd')).status, 299);
});

test('metrics: compressed only for those who take it', async (context) => {
  const page = 'metric 1\n'.repeat(1_000);
  const metrics = new MetricsService({ contentType: 'text/plain; version=0.0.4', render: async () => page });
  const bench = await Bench.start(context, { metrics });
  for (const [accepted, compressed] of [
    ['gzip', true],
    ['br, GZIP;q=0.5', true],
    ['*', true],
    ['gzip;q=0', false],
    ['gzip; q=0.000, *', false],
    ['identity', false],
    ['', false],
    ['gzippy', false],
  ] as const) {
    const { headers, body } = await bench.ask('metrics', { headers: { 'accept-encoding': accepted } });
    assert.equal(headers['content-encoding'], compressed ? 'gzip' : undefined, accepted);
    assert.equal((compressed ? gunzipSync(body) : body).toString(), page);
    assert.equal(headers['content-type'], 'text/plain; version=0.0.4');
    assert.equal(headers.vary, 'Accept-Encoding');
  }
});

test('a service that fails is a 500 and a report; the next request is answered', async (context) => {
  const answers = [
    () => {
      throw new Error('broken');
    },
    async () => {
      throw new Error('broken later');
    },
    () => ({ status: 200, fields: [], body: 'fine' }),
  ];
  const bench = await Bench.start(context, { a: { answer: () => answers.shift()!() } });
  assert.equal((await bench.ask('a')).status, 500);
  assert.equal((await bench.ask('a')).status, 500);
  assert.equal((await bench.ask('a')).body.toString(), 'fine');
  assert.deepEqual(
    bench.faults.map(([service, error]) => [service, (error as Error).message]),
    [
      ['a', 'broken'],
      ['a', 'broken later'],
    ],
  );
});

test('requests that wait for an answer are bounded in number, and clients that leave take nothing with them', async (context) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slow: InternalService = {
    answer: async () => {
      await held;
      return { status: 200, fields: [], body: 'late' };
    },
  };
  const bench = await Bench.start(context, { slow });
  const gone = connect(bench.path);
  gone.write('GET / HTTP/1.1\r\nHost: slow\r\n\r\n');
  const waiting = Array.from({ length: 300 }, () => bench.ask('slow'));
  const early = await Promise.race(waiting);
  assert.equal(early.status, 503);
  gone.destroy();
  release();
  const statuses = (await Promise.all(waiting)).map(({ status }) => status);
  const served = statuses.filter((status) => status === 200).length;
  assert.ok(served >= 255 && served <= 256, `${served} were served`);
  assert.equal((await bench.ask('slow')).status, 200);
});

test('heads as an entry point takes them pass; others are refused without harm', async (context) => {
  const bench = await Bench.start(context, { a: text('ok') });
  const large = await bench.ask('a', { headers: { cookie: 'x'.repeat(15_000), other: 'y'.repeat(500_000) } });
  assert.equal(large.status, 200);
  const many = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-${index}`, 'v']));
  assert.equal((await bench.ask('a', { headers: many })).status, 431);
  assert.equal((await bench.ask('a')).status, 200);
});

test('after close nobody is served, nothing is left, and another one can start', async (context) => {
  const bench = await Bench.start(context, { a: text('first') });
  bench.server.close();
  bench.server.close();
  assert.equal(existsSync(bench.path), false);
  await assert.rejects(bench.ask('a'), { code: 'ENOENT' });
  const next = await AdminServer.start({
    path: bench.path,
    services: new Map([['a', text('second')]]),
    onFault: () => {},
  });
  context.after(() => next.close());
  assert.equal((await bench.ask('a')).body.toString(), 'second');
});

test('where nothing can listen it says so', async () => {
  const path = join(tmpdir(), 'sluice-no-such-folder', 'admin.sock');
  await assert.rejects(AdminServer.start({ path, services: new Map(), onFault: () => {} }), /nothing can listen on/);
});

test('noop: 418 to everything, without a body', async (context) => {
  const bench = await Bench.start(context, { noop: new NoopService() });
  for (const method of ['GET', 'POST']) {
    const { status, body } = await bench.ask('noop', { method, path: '/x' }, method === 'POST' ? 'ignored' : '');
    assert.deepEqual([status, body.length], [418, 0], method);
  }
});
