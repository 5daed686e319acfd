import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { planCheckRequest } from './check-request.ts';
import { type CheckLimits, type CheckOutcome, runHttpCheck } from './http-check.ts';
import { checkSettings } from './testing/check-settings.ts';
import { eventually, startServer } from './testing/real-server.ts';

const LIMITS: CheckLimits = { timeoutMs: 20_000, dialTimeoutMs: 15_000, responseHeadTimeoutMs: 0 };
const NEVER = new AbortController().signal;

async function check(
  url: string,
  changes: Parameters<typeof checkSettings>[0] = {},
  limits: Partial<CheckLimits> = {},
  cancel = NEVER,
): Promise<CheckOutcome> {
  const settings = checkSettings(changes);
  const request = planCheckRequest(url, settings);
  assert.ok(!('problem' in request));
  return runHttpCheck(request, settings, { ...LIMITS, ...limits }, cancel);
}

function statusServer(t: TestContext) {
  const listener: RequestListener = (request, response) => {
    response.statusCode = Number(request.url!.slice(1));
    response.end();
  };
  return startServer(t, listener);
}

test('200 to 399 is healthy unless one status is demanded', async (t) => {
  const { url } = await statusServer(t);
  for (const [status, healthy] of [
    [200, true],
    [204, true],
    [304, true],
    [399, true],
    [400, false],
    [404, false],
    [503, false],
  ] as const) {
    const outcome = await check(url, { path: `/${status}` });
    assert.equal(outcome.healthy, healthy, String(status));
    assert.match(outcome.reason, new RegExp(`status ${status}`));
  }
  assert.equal((await check(url, { path: '/503', status: 503 })).healthy, true);
  assert.equal((await check(url, { path: '/200', status: 503 })).healthy, false);
  assert.equal((await check(url, { path: '/200', status: 204 })).reason, 'status 200, expected 204');
});

test('method, Host and headers arrive as configured', async (t) => {
  const { url, requests } = await startServer(t, (_request, response) => response.end());
  const headers = { 'X-Probe': 'yes', Authorization: 'Bearer t' };
  await check(url, { path: '/deep?q=1', method: 'OPTIONS', hostname: 'example.com', headers });
  const [request] = requests;
  assert.equal(request!.url, '/deep?q=1');
  assert.equal(request!.method, 'OPTIONS');
  assert.equal(request!.headers.host, 'example.com');
  assert.equal(request!.headers['x-probe'], 'yes');
  assert.equal(request!.headers.authorization, 'Bearer t');
  assert.equal(request!.headers.connection, 'close');
});

test('POST and HEAD checks work, without a body', async (t) => {
  const { url, requests } = await startServer(t, (_request, response) => response.end('body'));
  for (const method of ['POST', 'HEAD']) assert.equal((await check(url, { method })).healthy, true, method);
  assert.deepEqual(
    requests.map((request) => request.method),
    ['POST', 'HEAD'],
  );
  assert.equal(requests[0]!.headers['content-length'], '0');
});

test('a refused connection is unhealthy and says so', async (t) => {
  const server = await startServer(t, (_request, response) => response.end());
  await server.close();
  const outcome = await check(server.url);
  assert.equal(outcome.healthy, false);
  assert.match(outcome.reason, /ECONNREFUSED/);
});

test('a server that never answers runs into the total timeout', async (t) => {
  const { url } = await startServer(t, () => {});
  const outcome = await check(url, {}, { timeoutMs: 50 });
  assert.deepEqual(outcome, { healthy: false, reason: 'no answer within 50 ms' });
});

test('a server that never answers runs into the transport’s responseHeaderTimeout when that is shorter', async (t) => {
  const { url } = await startServer(t, () => {});
  const outcome = await check(url, {}, { responseHeadTimeoutMs: 50 });
  assert.equal(outcome.healthy, false);
  assert.match(outcome.reason, /headers timeout/i);
});

test('the total timeout covers redirects together', async (t) => {
  const server = await startServer(t, (_request, response) => {
    setTimeout(() => response.writeHead(302, { Location: '/again' }).end(), 30);
  });
  const outcome = await check(server.url, {}, { timeoutMs: 100 });
  assert.equal(outcome.reason, 'no answer within 100 ms');
});

test('bytes that are not HTTP are unhealthy', async (t) => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('SSH-2.0-nothing\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  assert.equal((await check(`http://127.0.0.1:${address.port}`)).healthy, false);
});

test('redirects are followed to the judged answer', async (t) => {
  const { url, requests } = await startServer(t, (request, response) => {
    if (request.url === '/health') response.writeHead(302, { Location: 'next?x=1' }).end();
    else response.writeHead(request.url === '/next?x=1' ? 200 : 500).end();
  });
  assert.equal((await check(url, { method: 'POST' })).healthy, true);
  assert.deepEqual(
    requests.map((request) => `${request.method} ${request.url}`),
    ['POST /health', 'GET /next?x=1'],
  );
});

test('307 and 308 keep the method', async (t) => {
  const { url, requests } = await startServer(t, (request, response) => {
    if (request.url === '/health') response.writeHead(307, { Location: '/next' }).end();
    else response.end();
  });
  await check(url, { method: 'POST' });
  assert.deepEqual(
    requests.map((request) => request.method),
    ['POST', 'POST'],
  );
});

test('without followRedirects the redirect itself is judged', async (t) => {
  const { url, requests } = await startServer(t, (_request, response) => {
    response.writeHead(302, { Location: '/next' }).end();
  });
  assert.equal((await check(url, { followRedirects: false })).healthy, true);
  assert.equal((await check(url, { followRedirects: false, status: 200 })).healthy, false);
  assert.equal(requests.length, 2);
});

test('ten redirects are followed, not eleven', async (t) => {
  const { url, requests } = await startServer(t, (request, response) => {
    const left = Number(request.url!.slice(1));
    if (left === 0) response.end();
    else response.writeHead(302, { Location: `/${left - 1}` }).end();
  });
  assert.equal((await check(url, { path: '/10' })).healthy, true);
  assert.equal(requests.length, 11);
  assert.deepEqual(await check(url, { path: '/11' }), { healthy: false, reason: 'more than 10 redirects' });
});

test('a redirect that leaves HTTP is unhealthy', async (t) => {
  const { url } = await startServer(t, (_request, response) => {
    response.writeHead(302, { Location: 'ftp://elsewhere/' }).end();
  });
  assert.match((await check(url)).reason, /not HTTP/);
});

test('credentials and hostname do not follow a redirect to another host', async (t) => {
  const other = await startServer(t, (_request, response) => response.end());
  const { url } = await startServer(t, (_request, response) => {
    response.writeHead(302, { Location: `${other.url}/there` }).end();
  });
  const headers = { Authorization: 'secret', cookie: 'secret', 'X-Probe': '1' };
  assert.equal((await check(url, { hostname: 'example.com', headers })).healthy, true);
  const [request] = other.requests;
  assert.equal(request!.headers.host, `127.0.0.1:${other.port}`);
  assert.equal(request!.headers.authorization, undefined);
  assert.equal(request!.headers.cookie, undefined);
  assert.equal(request!.headers['x-probe'], '1');
});

test('an endless body is not waited for and its connection is closed', async (t) => {
  let closed = false;
  const { url } = await startServer(t, (_request, response) => {
    response.writeHead(200);
    response.write('x');
    const timer = setInterval(() => response.write('x'.repeat(1000)), 5);
    response.on('close', () => {
      clearInterval(timer);
      closed = true;
    });
  });
  assert.equal((await check(url)).healthy, true);
  await eventually('the connection to be closed', () => closed);
});

test('a cancelled check ends at once and lets its connection go', async (t) => {
  let closed = false;
  const { url, requests } = await startServer(t, (_request, response) => response.on('close', () => (closed = true)));
  const cancel = new AbortController();
  const outcome = check(url, {}, {}, cancel.signal);
  await eventually('the request to arrive', () => requests.length === 1);
  cancel.abort();
  assert.equal((await outcome).healthy, false);
  await eventually('the connection to be closed', () => closed);
});
