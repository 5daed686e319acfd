// What a worker counts, compared with the bytes that were exchanged. How counts are shown is tested where they are read.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { LIMIT_LABELS, MetricKind, nameHash, readLabels, WITH_HEADER_VALUES } from '@sluice/shared-state';
import { FrameClient, requestFields } from '../src/testing/frame-client.ts';
import { probes } from '../src/testing/probe-middleware.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import type { RawHandler } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const NAMES = new Map(
  ['web', 'all@file', 'app@file', 'a@file', 'b@file', 'ping@internal'].map((name) => [nameHash(name), name]),
);
const KINDS = new Map<number, string>(Object.entries(MetricKind).map(([name, kind]) => [kind, name]));

/** The same answer to every request, told by its first line: bodies may hold what looks like the end of a head. */
function answers(answer: string): RawHandler {
  return (connection, chunk) => {
    const requests = chunk.split(' HTTP/1.1\r\n').length - 1;
    for (let i = 0; i < requests; i++) connection.socket.write(Buffer.from(answer, 'latin1'));
  };
}

async function start(handler: RawHandler, options: ProxyOptions = {}): Promise<ProxyUnderTest> {
  proxy = await startProxy(handler, { metrics: {}, ...options });
  return proxy;
}

/** Requests, body bytes in and out by key, such as `SERVICE_REQUESTS app@file 200 GET http`. */
function counts(): Record<string, [number, number, number]> {
  const block = proxy!.counted!;
  const found: Record<string, [number, number, number]> = {};
  for (let row = 1; row < block.end; row++) {
    const { kind, name, other, labels } = block.key(row);
    if (!block.isUsed(row) || kind >= MetricKind.OPEN_CONNECTIONS) continue;
    const { code, method, protocol } = readLabels(labels);
    const names = [NAMES.get(name), other === 0 ? undefined : NAMES.get(other)].filter((each) => each !== undefined);
    const { buckets, requestBytes, responseBytes } = block.requests(row);
    const requests = buckets.reduce((sum, count) => sum + count, 0);
    found[[KINDS.get(kind), ...names, code, method, protocol].join(' ')] = [requests, requestBytes, responseBytes];
  }
  return found;
}

/** The same counts of all three families. */
function everywhere(labels: string, values: [number, number, number]): Record<string, [number, number, number]> {
  return {
    [`ENTRY_POINT_REQUESTS web ${labels}`]: values,
    [`ROUTER_REQUESTS all@file app@file ${labels}`]: values,
    [`SERVICE_REQUESTS app@file ${labels}`]: values,
  };
}

async function exchange(text: string, end: string): Promise<void> {
  const client = await proxy!.client();
  client.write(text);
  await client.untilText(end);
  await proxy!.untilQuiet();
}

describe('requests', () => {
  it('are counted with their body bytes, whichever way the bodies take', async () => {
    const body = 'x'.repeat(300_000);
    await start(answers(`HTTP/1.1 201 Created\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
    await exchange(`POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello`, body);
    await exchange(`POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`, body);
    assert.deepEqual(counts(), everywhere('201 POST http', [2, 8, 2 * body.length]));
  });

  it('of a chunked response count its data, not its framing', async () => {
    await start(answers('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n5\r\npedia\r\n0\r\n\r\n'));
    await exchange(GET, '0\r\n\r\n');
    assert.deepEqual(counts(), everywhere('200 GET http', [1, 0, 9]));
  });

  it('of HEAD count no bytes, whatever the length says', async () => {
    await start(answers('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'));
    await exchange('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n', '\r\n\r\n');
    assert.deepEqual(counts(), everywhere('200 HEAD http', [1, 0, 0]));
  });

  it('pipelined on one connection count one by one', async () => {
    await start(answers(OK));
    const client = await proxy!.client();
    client.write(GET + GET + GET);
    await client.until((received) => received.split('\r\n\r\nok').length === 4);
    await proxy!.untilQuiet();
    assert.deepEqual(counts(), everywhere('200 GET http', [3, 0, 6]));
  });

  it('that no router takes count for the entry point alone', async () => {
    await start(answers(OK), { rule: 'Path(`/only`)' });
    await exchange(GET, '404 page not found\n');
    assert.deepEqual(counts(), { 'ENTRY_POINT_REQUESTS web 404 GET http': [1, 0, 19] });
  });

  it('that find no server do not count for the service', async () => {
    await start(answers(OK));
    proxy!.status.setHealth(proxy!.rowOfServer(proxy!.server.url), 0);
    await exchange(GET, '\r\n\r\n');
    const keys = Object.keys(counts());
    assert.deepEqual(keys, ['ENTRY_POINT_REQUESTS web 503 GET http', 'ROUTER_REQUESTS all@file app@file 503 GET http']);
  });

  it('that a middleware answers do not count for the service', async () => {
    await start(answers(OK), {
      middlewares: { away: 'redirectRegex: { regex: ".*", replacement: "http://elsewhere/" }' },
    });
    await exchange(GET, '\r\n\r\n');
    const keys = Object.keys(counts());
    assert.deepEqual(keys, ['ENTRY_POINT_REQUESTS web 302 GET http', 'ROUTER_REQUESTS all@file app@file 302 GET http']);
  });

  it('that a server fails count with what the client got', async () => {
    await start((connection) => connection.socket.destroy());
    await exchange('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n', 'Bad Gateway');
    assert.deepEqual(counts(), everywhere('502 POST http', [1, 0, 'Bad Gateway'.length]));
  });

  it('whose client leaves count as 499', async () => {
    await start(() => {});
    const client = await proxy!.client();
    client.write(GET);
    await proxy!.server.untilText('GET /');
    client.close();
    await proxy!.untilQuiet();
    assert.deepEqual(counts(), everywhere('499 GET http', [1, 0, 0]));
  });

  it('that are refused before they are routed are not counted', async () => {
    await start(answers(OK));
    await exchange('GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n', '400 Bad Request');
    await exchange('GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n', '400 Bad Request');
    assert.deepEqual(counts(), {});
  });

  it('count the status of the server for the service, and of the middlewares for the rest', async () => {
    await start(answers(OK), probes({ pot: { onResponse: ({ response }) => response.setStatus(418) } }));
    await exchange(GET, 'ok');
    const keys = Object.keys(counts());
    assert.deepEqual(keys, [
      'ENTRY_POINT_REQUESTS web 418 GET http',
      'ROUTER_REQUESTS all@file app@file 418 GET http',
      'SERVICE_REQUESTS app@file 200 GET http',
    ]);
  });
});

describe('labels', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['BREW / HTTP/1.1\r\nHost: h\r\n\r\n', '200 EXTENSION_METHOD http'],
    ['PATCH / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n', '200 PATCH http'],
    ['GET / HTTP/1.1\r\nHost: h\r\naCCept: text/html, Text/Event-Stream;q=1\r\n\r\n', '200 GET sse'],
    ['GET / HTTP/1.1\r\nHost: h\r\nAccepted: text/event-stream\r\n\r\n', '200 GET http'],
    ['GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n', '200 GET http'],
    ['GET / HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n', '200 GET websocket'],
    ['POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc+proto\r\nContent-Length: 0\r\n\r\n', '7 POST grpc'],
    [
      'POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc-web\r\nContent-Length: 0\r\n\r\n',
      '7 POST grpc-web',
    ],
  ];
  for (const [request, labels] of cases) {
    it(`${labels}: ${JSON.stringify(request.slice(0, 60))}`, async () => {
      await start(answers('HTTP/1.1 200 OK\r\nGrpc-Status: 7\r\nContent-Length: 2\r\n\r\nok'));
      await exchange(request, 'ok');
      assert.deepEqual(counts(), everywhere(labels, [1, 0, 2]));
    });
  }

  for (const status of ['', 'Grpc-Status: 99999\r\n', 'Grpc-Status: -1\r\n', 'Grpc-Status: x\r\n']) {
    it(`a gRPC status that is none counts as 2: ${JSON.stringify(status)}`, async () => {
      await start(answers(`HTTP/1.1 200 OK\r\n${status}Content-Length: 2\r\n\r\nok`));
      await exchange('POST / HTTP/1.1\r\nHost: h\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n', 'ok');
      assert.deepEqual(counts(), everywhere('2 POST grpc', [1, 0, 2]));
    });
  }

  it('of a tunnel are counted at its end, without bytes', async () => {
    await start((connection) => {
      if (connection.received.endsWith('\r\n\r\n')) {
        connection.socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
        );
      }
    });
    const client = await proxy!.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
    await client.untilText('\r\n\r\n');
    assert.deepEqual(counts(), {});
    client.close();
    proxy!.server.connections[0]!.socket.end();
    await proxy!.untilQuiet();
    assert.deepEqual(counts(), everywhere('101 GET websocket', [1, 0, 0]));
  });

  it('from header fields: the first value, empty when absent, never another line', async () => {
    await start(answers(OK), { metrics: { headers: ['x-tenant', 'x-forwarded-host', 'host'] } });
    await exchange('GET / HTTP/1.1\r\nHost: h:80\r\nX-Tenant: one\r\nX-Tenant: two\r\n\r\n', 'ok');
    await exchange(GET, 'ok');
    const block = proxy!.counted!;
    const texts: string[] = [];
    for (let row = 1; row < block.end; row++) {
      const { kind, text } = block.key(row);
      if (kind === MetricKind.ENTRY_POINT_REQUESTS + WITH_HEADER_VALUES) texts.push(`${text} = ${block.value(row)}`);
    }
    assert.deepEqual(texts, ['one\nh:80\n = 1', '\nh\n = 1']);
  });
});

describe('what is observed', () => {
  const dynamic = (observability: string, service = 'app') => `
http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: ${service}${observability} } }
  services: { app: { loadBalancer: { servers: [{ url: SERVER }] } } }
`;

  it('a router that is not observed counts nowhere', async () => {
    await start(answers(OK), { dynamic: dynamic(', observability: { metrics: false }') });
    await exchange(GET, 'ok');
    assert.deepEqual(counts(), {});
  });

  it('families that are off have no rows', async () => {
    await start(answers(OK), { metrics: { entryPoints: false, routers: false } });
    await exchange(GET, 'ok');
    assert.deepEqual(Object.keys(counts()), ['SERVICE_REQUESTS app@file 200 GET http']);
  });

  it('a revision that changes nothing goes on in the same rows', async () => {
    await start(answers(OK), { dynamic: dynamic('') });
    await exchange(GET, 'ok');
    proxy!.install(dynamic(''));
    await exchange(GET, 'ok');
    assert.deepEqual(counts(), everywhere('200 GET http', [2, 0, 4]));
  });
});

describe('open connections', () => {
  function open(): number {
    const block = proxy!.counted!;
    const rows = Array.from({ length: block.end }, (_, row) => row).slice(1);
    const row = rows.find((each) => block.key(each).kind === MetricKind.OPEN_CONNECTIONS);
    return block.value(row!);
  }

  it('over HTTP/2 are counted once, whatever their streams', async () => {
    const { port } = await start(answers(OK));
    const client = await FrameClient.open(port);
    for (const id of [1, 3]) client.headers(id, requestFields());
    for (const id of [1, 3]) await client.untilOver(id);
    await proxy!.untilQuiet();
    assert.deepEqual(counts(), everywhere('200 GET http', [2, 0, 4]));
    assert.equal(open(), 1);
    client.close();
    await proxy!.server.until(() => open() === 0, 'the end of the connection');
  });

  it('rise and fall with the clients, also idle ones, however they end', async () => {
    await start(answers(OK));
    assert.equal(open(), 0);
    const clients = [await proxy!.client(), await proxy!.client(), await proxy!.client()];
    await proxy!.server.until(() => open() === 3, `3 open connections, not ${open()}`);
    clients[0]!.write(GET);
    await clients[0]!.untilText('ok');
    assert.equal(open(), 3);
    clients[0]!.close();
    clients[1]!.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    clients[2]!.write('nonsense\r\n\r\n');
    await proxy!.server.until(() => open() === 0, `no open connection, not ${open()}`);
  });
});

describe('connections to servers and limits', () => {
  /** Values of the rows of a kind, by limit where it has one. */
  function values(kind: number): Record<string, number> {
    const block = proxy!.counted!;
    const found: Record<string, number> = {};
    for (let row = 1; row < block.end; row++) {
      const { kind: own, name, labels } = block.key(row);
      if (own === kind) found[`${NAMES.get(name)} ${LIMIT_LABELS[labels]}`] = block.value(row);
    }
    return found;
  }

  it('a connection is opened once and reused by every further request', async () => {
    await start(answers(OK));
    for (let i = 0; i < 4; i++) await exchange(GET, 'ok');
    assert.deepEqual(Object.values(values(MetricKind.CONNECTIONS_OPENED)), [1]);
    assert.deepEqual(Object.values(values(MetricKind.CONNECTIONS_REUSED)), [3]);
  });

  it('a request that is sent twice reuses one connection and opens another', async () => {
    await start((connection) => {
      if (connection.received.split('\r\n\r\n').length > 2) connection.socket.destroy();
      else connection.socket.write(OK);
    });
    for (let i = 0; i < 2; i++) await exchange(GET, 'ok');
    assert.deepEqual(Object.values(values(MetricKind.CONNECTIONS_OPENED)), [2]);
    assert.deepEqual(Object.values(values(MetricKind.CONNECTIONS_REUSED)), [1]);
  });

  it('whoever meets a limit is counted by its key', async () => {
    await start(() => {}, {
      limits: { maxConnections: 3 },
      transport: { maxConnsPerServer: 1, maxQueuedPerServer: 1, forwardingTimeouts: { queueTimeout: 500 } },
    });
    const clients = [await proxy!.client(), await proxy!.client(), await proxy!.client()];
    // Reset, perhaps before it has seen that it was connected.
    const refused = await proxy!.client().catch(() => undefined);
    await refused?.untilEnd();
    for (const client of clients) client.write(GET);
    await clients[1]!.untilText('503');
    await clients[2]!.untilText('503');
    assert.deepEqual(values(MetricKind.ENTRY_POINT_LIMIT_REACHED), { 'web maxConnections': 1 });
    assert.deepEqual(values(MetricKind.SERVICE_LIMIT_REACHED), {
      'app@file maxQueuedPerServer': 1,
      'app@file queueTimeout': 1,
    });
  });
});
