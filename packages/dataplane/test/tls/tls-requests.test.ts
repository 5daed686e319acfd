// Requests over TLS: what HTTP/1 does on a plain connection it does inside one too, on the same port; what the exchange, the log
// and the counters know of it; and which requests may not be answered on a connection.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { decodeStaticText } from '@sluice/config';
import { type Middleware, Verdict } from '@sluice/middlewares';
import { AccessLog, LineOutput, OutputTroubles } from '@sluice/observability/access-log';
import { MemoryTarget } from '@sluice/observability/testing';
import { ClientAuth } from '@sluice/routing';
import { MetricKind, nameHash, readTlsLabels } from '@sluice/shared-state';
import { issue } from '../../../../test/support/issued-certificates.ts';
import { probes } from '../../src/testing/probe-middleware.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import { answerHeads, type RawHandler } from '../../src/testing/raw-server.ts';
import { certificate, material, NAME, optionSet } from '../support/made-tls.ts';
import { ask, closeClients, secured } from '../support/tls-clients.ts';

let proxy: ProxyUnderTest;
afterEach(async () => {
  closeClients();
  await proxy.close();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = `GET / HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`;
const MIB = 1024 * 1024;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function start(handler: RawHandler = answerHeads(OK), options: ProxyOptions = {}): Promise<void> {
  proxy = await startProxy(handler, { tls: material(), routerTls: '{}', ...options });
}

describe('a request over TLS', () => {
  it('is answered, the connection kept, and the server told', async () => {
    await start();
    const socket = await secured(proxy.port);
    for (let i = 0; i < 3; i++) assert.match(await ask(socket, GET, 'ok'), /^HTTP\/1.1 200 OK/);
    assert.match(proxy.server.received, /X-Forwarded-Proto: https\r\nX-Forwarded-Port: 443\r\n/);
    assert.equal(proxy.dataplane.connectionCount, 2);
    socket.destroy();
    await proxy.server.until(() => proxy.dataplane.connectionCount === 1, 'the end of the client');
    assert.deepEqual(proxy.details, []);
  });

  it('may come with others in one piece, and byte by byte', async () => {
    await start();
    const socket = await secured(proxy.port);
    const last = GET.replace('/', '/last');
    proxy.server.handler = answerHeads('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc');
    let received = '';
    socket.on('data', (chunk: Buffer) => {
      received += chunk;
    });
    socket.write(GET.repeat(49) + last);
    await proxy.server.until(() => received.split('200 OK').length === 51, '50 answers');
    for (const character of GET) {
      socket.write(character);
      await pause(0);
    }
    await proxy.server.until(() => received.split('200 OK').length === 52, 'one more');
    await proxy.untilQuiet();
  });

  it('and its answer may have bodies of a mebibyte', async () => {
    const body = Buffer.alloc(MIB, 'abcdefg\n').toString('latin1');
    await start((connection) => {
      const head = connection.received.indexOf('\r\n\r\n');
      if (head === -1 || connection.received.length < head + 4 + MIB) return;
      assert.equal(connection.received.slice(head + 4), body);
      connection.received = '';
      connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${MIB + 3}\r\n\r\n${body}end`);
    });
    const socket = await secured(proxy.port);
    const post = `POST / HTTP/1.1\r\nHost: ${NAME}\r\nContent-Length: ${MIB}\r\n\r\n${body}`;
    for (let i = 0; i < 4; i++) {
      const answer = await ask(socket, post, '\nend');
      assert.equal(answer.slice(answer.indexOf('\r\n\r\n') + 4), `${body}end`);
    }
    await proxy.untilQuiet();
  });

  it('and plain ones meet on one port, each with routers of its own', async () => {
    const dynamic = `
http:
  routers:
    plain: { rule: "PathPrefix(\`/both\`) || PathPrefix(\`/plain\`)", service: app }
    secured: { rule: "PathPrefix(\`/both\`) || PathPrefix(\`/secured\`)", service: app, tls: {} }
  services: { app: { loadBalancer: { servers: [ { url: SERVER } ] } } }
`;
    await start(answerHeads(OK), { dynamic });
    const client = await proxy.client();
    const socket = await secured(proxy.port);
    for (const [path, plain, over] of [
      ['/both', '200', '200'],
      ['/plain', '200', '404'],
      ['/secured', '404', '200'],
    ] as const) {
      const get = `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
      client.received = '';
      client.write(get);
      assert.match(await client.until((text) => /\r\n\r\n.*(ok|found)/s.test(text)), new RegExp(`^HTTP/1.1 ${plain} `));
      assert.match(await ask(socket, get, over === '200' ? 'ok' : 'not found'), new RegExp(`^HTTP/1.1 ${over} `));
    }
    assert.match(proxy.server.received, /GET \/plain.*?X-Forwarded-Proto: http\r\n/s);
  });

  it('without a router gets 404, on an entry point where nobody takes TLS too', async () => {
    proxy = await startProxy(answerHeads(OK), { tls: material() });
    assert.match(await ask(await secured(proxy.port), GET, 'not found'), /^HTTP\/1.1 404 /);
  });

  it('goes on over new snapshots and new material', async () => {
    await start();
    const socket = await secured(proxy.port);
    await ask(socket, GET, 'ok');
    const dynamic = `
http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: app, tls: {} } }
  services: { app: { loadBalancer: { servers: [ { url: SERVER } ] } } }
`;
    proxy.dataplane.installTls(material({ certificates: [certificate(['other.test'])] }));
    proxy.install(dynamic);
    assert.match(await ask(socket, GET, 'ok'), /^HTTP\/1.1 200 /);
  });

  it('has its time as every other: an idle connection is closed, with close_notify', async () => {
    await start(answerHeads(OK), { respondingTimeouts: { idleTimeout: 300 } });
    const socket = await secured(proxy.port);
    await ask(socket, GET, 'ok');
    let ended = false;
    socket.on('end', () => {
      ended = true;
    });
    socket.resume();
    await proxy.server.until(() => ended, 'the end');
  });

  it('whose answer nobody takes is cut off where slow clients are, and one that is read is not', async () => {
    const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${16 * MIB}\r\n\r\n`;
    await start(
      ({ socket }) => {
        socket.write(answer);
        socket.write(Buffer.alloc(16 * MIB, 'x'));
      },
      { limits: { minSendBytesPerSecond: 1000, slowClientGrace: 1_500 }, slowClientsEveryMs: 20 },
    );
    const slow = await secured(proxy.port);
    slow.write(GET);
    const reader = await secured(proxy.port);
    let bytes = 0;
    reader.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    reader.write(GET);
    await proxy.server.until(() => bytes > 16 * MIB, 'the whole answer');
    await proxy.server.until(() => proxy.exchangeCount === 0, 'the end of the slow one');
    assert.deepEqual(
      proxy.details.map(({ code }) => code),
      ['DOWNSTREAM_READER_TOO_SLOW'],
    );
    assert.equal(reader.destroyed, false);
  });

  it('is finished by a worker that leaves; who is idle is let go', async () => {
    await start(() => {});
    const [busy, idle] = [await secured(proxy.port), await secured(proxy.port)];
    let ended = false;
    idle.on('end', () => {
      ended = true;
    });
    idle.resume();
    const answer = ask(busy, GET, 'ok');
    await proxy.server.untilText('\r\n\r\n');
    const drained = proxy.dataplane.drain(0, 5_000);
    await proxy.server.until(() => ended, 'the end of the idle one');
    proxy.server.connections[0].socket.write(OK);
    assert.match(await answer, /Connection: close/);
    await drained;
  });
});

describe('what is known of a connection with TLS', () => {
  const authority = issue({ authority: true, commonName: 'clients' });
  const known = issue({ commonName: 'known client', usage: 'client', issuer: authority });
  const asking = optionSet('default', { clientAuth: ClientAuth.VERIFY_IF_GIVEN, clientAuthorities: authority.chain });

  it('middlewares see, with the certificates of the client', async () => {
    const seen: (readonly Buffer[])[] = [];
    const look: Middleware = {
      onRequest: (exchange) => {
        assert.equal(exchange.secure, true);
        seen.push(exchange.clientCertificates());
        return Verdict.NEXT;
      },
    };
    await start(answerHeads(OK), { tls: material({ optionSets: [asking] }), ...probes({ look }) });
    await ask(await secured(proxy.port), GET, 'ok');
    await ask(await secured(proxy.port, { cert: known.chain, key: known.key }), GET, 'ok');
    assert.deepEqual(seen, [[], [known.der]]);
    assert.match(proxy.server.received, /X-Forwarded-Proto: https\r\n/);
  });

  it('the access log has', async () => {
    const { accessLog } = decodeStaticText('accessLog: { format: json }', 'yaml', 'test.yaml').configuration;
    const target = new MemoryTarget();
    const troubles = new OutputTroubles({ onTrouble: () => {}, onRecovered: () => {}, onReopenFailed: () => {} });
    const log = new AccessLog(accessLog!, new LineOutput({ target, troubles }));
    await start(answerHeads(OK), { tls: material({ optionSets: [asking] }), accessLog: log });
    const shown = { cert: known.chain, key: known.key };
    await ask(await secured(proxy.port, { ...shown, maxVersion: 'TLSv1.2' }), GET, 'ok');
    await ask(await secured(proxy.port), GET, 'ok');
    (await proxy.client()).write(GET);
    await proxy.server.until(() => target.lines.length === 3, 'three lines');
    const lines = target.lines
      .map((line) => JSON.parse(line))
      .map(({ RequestScheme, TLSVersion, TLSCipher, TLSClientSubject }) => [
        RequestScheme,
        TLSVersion,
        TLSCipher,
        TLSClientSubject,
      ]);
    assert.deepEqual(lines, [
      ['https', '1.2', 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'CN=known client'],
      ['https', '1.3', 'TLS_AES_128_GCM_SHA256', undefined],
      ['http', undefined, undefined, undefined],
    ]);
  });

  it('is counted for entry point, router and service', async () => {
    await start(answerHeads(OK), { metrics: {} });
    const socket = await secured(proxy.port);
    for (let i = 0; i < 2; i++) await ask(socket, GET, 'ok');
    const plain = await proxy.client();
    plain.write(GET);
    await plain.untilText('HTTP/1.1 404 ');
    await proxy.server.until(() => proxy.exchangeCount === 0, 'the end');
    const block = proxy.counted!;
    const found: Record<number, unknown> = {};
    for (let row = 1; row < block.end; row++) {
      const { kind, name, other, labels } = block.key(row);
      if (kind < MetricKind.ENTRY_POINT_TLS_REQUESTS) continue;
      found[kind] = [name, other, readTlsLabels(labels), block.value(row)];
    }
    const labels = { tls_version: '1.3', tls_cipher: 'TLS_AES_128_GCM_SHA256' };
    assert.deepEqual(found, {
      [MetricKind.ENTRY_POINT_TLS_REQUESTS]: [nameHash('web'), 0, labels, 2],
      [MetricKind.ROUTER_TLS_REQUESTS]: [nameHash('all@file'), nameHash('app@file'), labels, 2],
      [MetricKind.SERVICE_TLS_REQUESTS]: [nameHash('app@file'), 0, labels, 2],
    });
    assert.equal(openConnections(), 2);
    socket.destroy();
    await proxy.server.until(() => openConnections() === 1, 'the end of the client');
  });

  function openConnections(): number {
    const block = proxy.counted!;
    for (let row = 1; row < block.end; row++) {
      if (block.key(row).kind === MetricKind.OPEN_CONNECTIONS) return block.value(row);
    }
    return -1;
  }
});

describe('a request for a router with other TLS options', () => {
  const dynamic = `
http:
  routers:
    lax: { rule: "Host(\`lax.test\`)", service: app, tls: {} }
    also: { rule: "Host(\`also.test\`)", service: app, tls: {}, middlewares: [ count ] }
    strict: { rule: "Host(\`strict.test\`)", service: app, tls: { options: strict }, middlewares: [ count ] }
    plain: { rule: "Host(\`strict.test\`)", service: app }
  middlewares: { count: { count: { prefix: /unused } } }
  services: { app: { loadBalancer: { servers: [ { url: SERVER } ] } } }
`;

  it('is refused with 421 before its middlewares, and the connection goes on', async () => {
    const sets = [optionSet('default'), optionSet('strict@file', { minVersion: 0x0304 })];
    const paths: string[] = [];
    const count: Middleware = {
      onRequest: ({ request }) => {
        paths.push(request.host);
        return Verdict.NEXT;
      },
      onResponse: ({ response }) => response.set('X-Seen', '1'),
    };
    await start(answerHeads(OK), { tls: material({ optionSets: sets }), dynamic, ...probes({ count }) });
    const socket = await secured(proxy.port, { servername: 'lax.test', checkServerIdentity: () => undefined });
    const get = (host: string) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
    const refused = await ask(socket, get('strict.test'), 'Misdirected Request\n');
    assert.match(refused, /^HTTP\/1.1 421 Misdirected Request\r\n/);
    assert.match(refused, /Content-Type: text\/plain; charset=utf-8\r\n/);
    assert.doesNotMatch(refused, /X-Seen|Connection: close/);
    assert.match(await ask(socket, get('also.test'), 'ok'), /^HTTP\/1.1 200 /, 'the same options, another host');
    const other = await secured(proxy.port, { servername: 'strict.test', checkServerIdentity: () => undefined });
    assert.match(await ask(other, get('strict.test'), 'ok'), /^HTTP\/1.1 200 /);
    assert.match(await ask(other, get('lax.test'), 'Request\n'), /^HTTP\/1.1 421 /);
    assert.match(await ask(other, get('nobody.test'), 'not found'), /^HTTP\/1.1 404 /);
    assert.deepEqual(paths, ['also.test', 'strict.test']);
    const client = await proxy.client();
    client.write(get('strict.test'));
    await client.untilText('ok');
    assert.equal(proxy.details.filter(({ code }) => code === 'MISDIRECTED_REQUEST').length, 2);
  });
});
