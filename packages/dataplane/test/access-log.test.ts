// What the access log says of exchanges of every kind, with a real data path between a client and a server that deal in bytes.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { decodeStaticText } from '@sluice/config';
import { type Middleware, plainAnswer, Verdict } from '@sluice/middlewares';
import { AccessLog, LineOutput, OutputTroubles } from '@sluice/observability/access-log';
import { MemoryTarget } from '@sluice/observability/testing';
import { FrameClient, requestFields } from '../src/testing/frame-client.ts';
import { probes } from '../src/testing/probe-middleware.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads, type RawHandler } from '../src/testing/raw-server.ts';

type Line = Readonly<Record<string, unknown>>;

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Logged {
  readonly proxy: ProxyUnderTest;
  /** Waits for so many lines. */
  lines(count: number): Promise<Line[]>;
  /** For those that must not come. */
  readonly written: () => Line[];
}

async function startLogged(handler: RawHandler, options: ProxyOptions = {}, log = '{}'): Promise<Logged> {
  const text = `accessLog: { format: json, fields: { headers: ${log} } }`;
  const { accessLog } = decodeStaticText(text, 'yaml', 'test.yaml').configuration;
  const target = new MemoryTarget();
  const troubles = new OutputTroubles({ onTrouble: () => {}, onRecovered: () => {}, onReopenFailed: () => {} });
  const started = await startProxy(handler, {
    accessLog: new AccessLog(accessLog!, new LineOutput({ target, troubles })),
    ...options,
  });
  proxy = started;
  const written = () => target.lines.map((line) => JSON.parse(line) as Line);
  const lines = async (count: number) => {
    const deadline = Date.now() + 20_000;
    while (target.lines.length < count && Date.now() < deadline) await pause(2);
    assert.equal(target.lines.length, count, target.text);
    return written();
  };
  return { proxy: started, lines, written };
}

function assertFields(line: Line | undefined, expected: Line): void {
  assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, line?.[name]])), expected);
}

describe('an exchange with a server', () => {
  it('says HTTP/2.0 for a stream, whose bodies are counted without frames', async () => {
    const { proxy, lines } = await startLogged(answerHeads(OK), {}, '{ defaultMode: keep }');
    const client = await FrameClient.open(proxy.port);
    client.headers(1, [...requestFields({ ':path': '/a?b', ':method': 'POST' }), ['x-some', 'value']], false);
    client.data(1, 'hello', true);
    await client.untilOver(1);
    const [line] = await lines(1);
    client.close();
    const sizes = { RequestContentSize: 5, DownstreamContentSize: 2, OriginContentSize: 2 };
    const request = { RequestMethod: 'POST', RequestPath: '/a?b', RequestHost: 'h', RequestProtocol: 'HTTP/2.0' };
    assertFields(line, { ...request, ...sizes, DownstreamStatus: 200, 'request_X-Some': 'value' });
  });

  it('names who asked whom for what, and what came of it', async () => {
    const { proxy, lines } = await startLogged(answerHeads(OK));
    const client = await proxy.client();
    client.write('POST /a/./b?q=1 HTTP/1.1\r\nHost: shop.example:80\r\nContent-Length: 5\r\n\r\nhello');
    await client.untilText('ok');
    const [line] = await lines(1);
    const { localPort } = client.socket;
    assertFields(line, {
      ClientAddr: `127.0.0.1:${localPort}`,
      ClientHost: '127.0.0.1',
      ClientPort: String(localPort),
      ClientUsername: '-',
      DownstreamContentSize: 2,
      DownstreamStatus: 200,
      GzipRatio: undefined,
      OriginContentSize: 2,
      OriginStatus: 200,
      RequestAddr: 'shop.example:80',
      RequestContentSize: 5,
      RequestCount: 1,
      RequestHost: 'shop.example',
      RequestMethod: 'POST',
      RequestPath: '/a/b?q=1',
      RequestPort: '80',
      RequestProtocol: 'HTTP/1.1',
      RequestScheme: 'http',
      RetryAttempts: 0,
      RouterName: 'all@file',
      ServiceAddr: proxy.server.url.slice('http://'.length),
      ServiceName: 'app@file',
      ServiceURL: proxy.server.url,
      entryPointName: 'web',
    });
    const { Duration, OriginDuration, Overhead } = line as Record<string, number>;
    assert.ok(Duration! > 0 && OriginDuration! > 0 && OriginDuration! < Duration!);
    assert.equal(Overhead, Duration! - OriginDuration!);
    assert.ok(Math.abs(Date.parse(String(line?.StartUTC)) - Date.now()) < 20_000);
  });

  it('lasts until the response is there', async () => {
    const { proxy, lines } = await startLogged((connection) => {
      connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
      setTimeout(() => connection.socket.write('2\r\nde\r\n0\r\n\r\n'), 60);
    });
    const client = await proxy.client();
    client.write('GET / HTTP/1.0\r\n\r\n');
    await client.untilText('abcde');
    const [line] = await lines(1);
    assertFields(line, { DownstreamContentSize: 5, OriginContentSize: 5, RequestProtocol: 'HTTP/1.0' });
    assertFields(line, { RequestAddr: undefined, RequestHost: undefined, RequestPort: undefined });
    assert.ok(Number(line?.Duration) >= 50e6);
  });

  it('counts large bodies that no JavaScript sees, both ways', async () => {
    const size = 3_000_000;
    let received = 0;
    const { proxy, lines } = await startLogged((connection, chunk) => {
      received += chunk.length;
      if (received < size) return;
      received = -1e9;
      connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`);
    });
    const client = await proxy.client();
    client.write(`PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: ${size}\r\n\r\n${'y'.repeat(size)}`);
    await client.untilBody(size);
    assertFields((await lines(1))[0], {
      RequestContentSize: size,
      OriginContentSize: size,
      DownstreamContentSize: size,
    });
  });

  it('has no body for HEAD', async () => {
    const { proxy, lines } = await startLogged(answerHeads('HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n'));
    const client = await proxy.client();
    client.write('HEAD / HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('\r\n\r\n');
    assertFields((await lines(1))[0], { DownstreamContentSize: 0, OriginContentSize: 0, RequestMethod: 'HEAD' });
  });

  it('is one line each for requests on one connection, also sent ahead', async () => {
    const { proxy, lines } = await startLogged(answerHeads(OK));
    const client = await proxy.client();
    client.write(
      '/1 /2 /3'
        .split(' ')
        .map((path) => `GET ${path} HTTP/1.1\r\nHost: h${path[1]}\r\n\r\n`)
        .join(''),
    );
    await client.until((received) => received.split('ok').length === 4);
    const seen = (await lines(3)).map(({ RequestPath, RequestHost, RequestCount }) => [
      RequestPath,
      RequestHost,
      RequestCount,
    ]);
    assert.deepEqual(seen, [
      ['/1', 'h1', 1],
      ['/2', 'h2', 2],
      ['/3', 'h3', 3],
    ]);
  });
});

describe('an exchange that no server answers', () => {
  it('without a router', async () => {
    const { proxy, lines } = await startLogged(answerHeads(OK), { rule: 'Host(`elsewhere`)' });
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('404 page not found\n');
    assertFields((await lines(1))[0], {
      DownstreamStatus: 404,
      DownstreamContentSize: 19,
      GzipRatio: 0,
      OriginStatus: 0,
      OriginDuration: 0,
      OriginContentSize: 0,
      RouterName: undefined,
      ServiceName: undefined,
      entryPointName: 'web',
    });
  });

  it('with a server that cannot be reached, or breaks off', async () => {
    const { proxy, lines } = await startLogged((connection) => connection.socket.destroy());
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('Bad Gateway');
    assertFields((await lines(1))[0], {
      DownstreamStatus: 502,
      DownstreamContentSize: 11,
      OriginStatus: 502,
      OriginContentSize: 11,
      RouterName: 'all@file',
      ServiceURL: proxy.server.url,
    });
  });

  it('without a server that is up', async () => {
    const { proxy, lines } = await startLogged(answerHeads(OK));
    proxy.status.setHealth(proxy.rowOfServer(proxy.server.url), 0);
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('\r\n\r\n');
    assertFields((await lines(1))[0], { DownstreamStatus: 503, OriginStatus: 0, ServiceName: undefined });
  });

  it('refused by the entry point, and CONNECT', async () => {
    const { proxy, lines } = await startLogged(answerHeads(OK), { http: { underscoreHeadersStrategy: 'reject' } });
    const client = await proxy.client();
    client.write('GET /x HTTP/1.1\r\nHost: h\r\na_b: 1\r\n\r\nCONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n');
    await client.until((received) => received.split('HTTP/1.1 ').length === 3);
    const [refused, connect] = await lines(2);
    assertFields(refused, { DownstreamStatus: 400, RequestPath: '/x', RouterName: undefined });
    assertFields(connect, { RequestMethod: 'CONNECT', RouterName: undefined });
    assert.ok(Number(connect?.DownstreamStatus) >= 400);
  });

  it('because the client has left: 499', async () => {
    const { proxy, lines } = await startLogged(() => {});
    const client = await proxy.client();
    client.write(GET);
    await proxy.server.untilText('\r\n\r\n');
    client.close();
    assertFields((await lines(1))[0], { DownstreamStatus: 499, OriginStatus: 499, DownstreamContentSize: 0 });
  });

  it('to its end because the client has left', async () => {
    const { proxy, lines } = await startLogged((connection) => {
      connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc');
    });
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('abc');
    client.close();
    assertFields((await lines(1))[0], { DownstreamStatus: 200, OriginStatus: 200, DownstreamContentSize: 3 });
  });

  it('in the middle of a body that no JavaScript sees', async () => {
    const { proxy, lines } = await startLogged((connection) => {
      connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 90000000\r\n\r\n${'x'.repeat(2_000_000)}`);
    });
    const client = await proxy.client();
    client.write(GET);
    await client.untilBody(1_900_000);
    client.close();
    const [line] = await lines(1);
    assertFields(line, { DownstreamStatus: 200, OriginStatus: 200 });
    assert.ok(Number(line?.DownstreamContentSize) >= 1_900_000, `${line?.DownstreamContentSize} bytes`);
  });

  it('to its end because the server answers in the middle of an upload', async () => {
    let received = 0;
    const { proxy, lines } = await startLogged((connection, chunk) => {
      received += chunk.length;
      if (received < 1_500_000) return;
      received = -1e9;
      connection.socket.end('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
    });
    const client = await proxy.client();
    client.write(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000000\r\n\r\n${'x'.repeat(2_000_000)}`);
    await client.untilBody(2);
    const [line] = await lines(1);
    assertFields(line, { DownstreamStatus: 413, OriginStatus: 413 });
    assert.ok(Number(line?.RequestContentSize) >= 1_000_000, `${line?.RequestContentSize} bytes`);
  });

  it('with a body that is thrown away', async () => {
    const { proxy, lines } = await startLogged(
      answerHeads(OK),
      { rule: 'Host(`elsewhere`)' },
      '{ names: { X-A: keep } }',
    );
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nX-A: kept\r\nContent-Length: 5\r\n\r\n');
    await client.untilText('404 page not found\n');
    client.write('hello');
    assertFields((await lines(1))[0], { DownstreamStatus: 404, RequestContentSize: 0, 'request_X-A': 'kept' });
  });
});

describe('middlewares', () => {
  it('that change the path do not change what was asked for', async () => {
    const { proxy, lines } = await startLogged(answerHeads(OK), {
      middlewares: { prefix: 'addPrefix: { prefix: /inner }' },
    });
    const client = await proxy.client();
    client.write('GET /x?y HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('ok');
    assert.ok(proxy.server.received.startsWith('GET /inner/x?y '));
    assertFields((await lines(1))[0], { RequestPath: '/x?y' });
  });

  it('that answer themselves leave the server out', async () => {
    const hook: Middleware = {
      onRequest: (exchange) => {
        exchange.answer(plainAnswer(403, 'no'));
        return Verdict.ANSWERED;
      },
    };
    const { proxy, lines } = await startLogged(answerHeads(OK), probes({ deny: hook }));
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('no\n');
    assertFields((await lines(1))[0], {
      DownstreamStatus: 403,
      OriginStatus: 0,
      RouterName: 'all@file',
      ServiceName: undefined,
    });
  });

  it('that change a body show in both sizes', async () => {
    const hook: Middleware = { responseBody: () => ({ push: (_, last) => (last ? Buffer.from('12') : undefined) }) };
    const { proxy, lines } = await startLogged(
      answerHeads('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789'),
      probes({ shorten: hook }),
    );
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('0\r\n\r\n');
    assertFields((await lines(1))[0], { OriginContentSize: 10, DownstreamContentSize: 2, GzipRatio: 5 });
  });

  it('that throw are 500', async () => {
    const hook: Middleware = {
      onRequest: () => {
        throw new Error('broken');
      },
    };
    const { proxy, lines } = await startLogged(answerHeads(OK), { ...probes({ hook }), faultsExpected: true });
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('\r\n\r\n');
    assertFields((await lines(1))[0], { DownstreamStatus: 500, OriginStatus: 0 });
  });
});

describe('header fields', () => {
  it('are those of the message when it had them: before the server, from it, and to the client', async () => {
    const hooks = {
      outer: {
        onRequest: ({ request }) => {
          request.set('X-Added', 'by us');
          request.remove('x-removed');
          return Verdict.NEXT;
        },
        onResponse: ({ response }) => {
          response.set('X-Via', 'us');
          response.remove('x-secret');
        },
      },
    } satisfies Record<string, Middleware>;
    const names = 'X-Added X-Removed X-Via X-Secret X-Forwarded-For Host User-Agent'.split(' ');
    const { proxy, lines } = await startLogged(
      answerHeads('HTTP/1.1 200 OK\r\nX-Via: server\r\nX-Secret: s\r\nContent-Length: 2\r\n\r\nok'),
      probes(hooks),
      `{ names: { ${names.map((name) => `${name}: keep`).join(', ')} } }`,
    );
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\nX-Removed: 1\r\nUser-Agent: me\r\n\r\n');
    await client.untilText('ok');
    const [line] = await lines(1);
    const headers = Object.entries(line!).filter(([name]) => /^(request|origin|downstream)_/.test(name));
    assert.deepEqual(Object.fromEntries(headers), {
      'downstream_X-Via': 'us',
      'origin_X-Secret': 's',
      'origin_X-Via': 'server',
      'request_User-Agent': 'me',
      'request_X-Added': 'by us',
    });
  });

  it('of a request that waited are still its own', async () => {
    const hook: Middleware = {
      onRequest: (exchange) => {
        setTimeout(() => exchange.answer(plainAnswer(401, 'late')), 30);
        return Verdict.SUSPENDED;
      },
    };
    const { proxy, lines } = await startLogged(answerHeads(OK), probes({ wait: hook }), '{ names: { X-A: keep } }');
    const clients = await Promise.all([1, 2, 3].map(() => proxy.client()));
    for (const [index, client] of clients.entries()) client.write(`GET / HTTP/1.1\r\nHost: h\r\nX-A: ${index}\r\n\r\n`);
    await Promise.all(clients.map((client) => client.untilText('late')));
    const seen = (await lines(3)).map((line) => line['request_X-A']);
    assert.deepEqual(seen.sort(), ['0', '1', '2']);
  });

  it('of one exchange never show in the next', async () => {
    const { proxy, lines } = await startLogged(answerHeads(OK), {}, '{ defaultMode: keep }');
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n');
    await client.untilText('ok');
    client.write('GET / HTTP/1.1\r\nHost: h\r\nX-B: 2\r\n\r\n');
    const [, second] = await lines(2);
    assertFields(second, { 'request_X-A': undefined, 'request_X-B': '2' });
  });
});

describe('who the client is', () => {
  const forwarded = 'GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n';

  it('is the peer, whatever it says', async () => {
    const { proxy, lines } = await startLogged(answerHeads(OK));
    (await proxy.client()).write(forwarded);
    assertFields((await lines(1))[0], { ClientHost: '127.0.0.1' });
  });

  it('is what a trusted peer says, and the peer when it says nothing', async () => {
    const { proxy, lines } = await startLogged(answerHeads(OK), { forwardedHeaders: { trustedIPs: ['127.0.0.1'] } });
    const client = await proxy.client();
    client.write(forwarded);
    await client.untilText('ok');
    client.write(GET);
    const [first, second] = await lines(2);
    assertFields(first, { ClientHost: '203.0.113.9, 10.0.0.1' });
    assertFields(second, { ClientHost: '127.0.0.1' });
  });
});

describe('tunnels', () => {
  it('have one line at their end', async () => {
    const { proxy, lines, written } = await startLogged((connection) => {
      connection.socket.once('end', () => connection.socket.end());
      connection.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello');
    });
    const client = await proxy.client();
    client.write('GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await client.untilText('hello');
    await pause(60);
    assert.deepEqual(written(), []);
    client.close();
    const [line] = await lines(1);
    assertFields(line, { DownstreamStatus: 101, OriginStatus: 101, RequestPath: '/ws', ServiceName: 'app@file' });
    assert.ok(Number(line?.Duration) >= 50e6);
  });
});

describe('who is logged', () => {
  const dynamic = (observability: string) => `
http:
  routers:
    plain: { rule: "PathPrefix(\`/plain\`)", service: app }
    other: { rule: "PathPrefix(\`/other\`)", service: app, observability: ${observability} }
  services: { app: { loadBalancer: { servers: [{ url: SERVER }] } } }`;

  async function paths(options: ProxyOptions, count: number): Promise<unknown[]> {
    const { proxy, lines, written } = await startLogged(answerHeads(OK), options);
    const client = await proxy.client();
    for (const [index, path] of ['/plain', '/other', '/none'].entries()) {
      client.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
      await client.until((received) => received.split('HTTP/1.1 ').length === index + 2);
    }
    await lines(count);
    await pause(40);
    return written().map(({ RequestPath }) => RequestPath);
  }

  it('is everybody by default', async () => {
    assert.deepEqual(await paths({ dynamic: dynamic('{}') }, 3), ['/plain', '/other', '/none']);
  });

  it('is not a router that says no', async () => {
    assert.deepEqual(await paths({ dynamic: dynamic('{ accessLogs: false }') }, 2), ['/plain', '/none']);
  });

  it('is only a router that says yes, where the entry point says no', async () => {
    const options = { dynamic: dynamic('{ accessLogs: true }'), observability: { accessLogs: false } };
    assert.deepEqual(await paths(options, 1), ['/other']);
  });
});
