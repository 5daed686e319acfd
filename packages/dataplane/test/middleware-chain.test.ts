// Middlewares through the data path: order, answers, waiting, faults. What a middleware does wrong never lets a request
// pass that it should have stopped, and never reaches another exchange.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type Exchange, emptyAnswer, type Middleware, plainAnswer, Verdict } from '@sluice/middlewares';
import { probes } from '../src/testing/probe-middleware.ts';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { answerHeads } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET /path HTTP/1.1\r\nHost: h\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function start(hooks: Record<string, Middleware>, options: ProxyOptions = {}): Promise<ProxyUnderTest> {
  proxy = await startProxy(answerHeads(OK), { ...options, ...probes(hooks) });
  return proxy;
}

/** A middleware that notes what is called. */
function noting(notes: string[], name: string, more: Middleware = {}): Middleware {
  return {
    onRequest(exchange) {
      notes.push(`${name} request`);
      return more.onRequest?.(exchange) ?? Verdict.NEXT;
    },
    onResponse(exchange) {
      notes.push(`${name} response ${exchange.response.status}`);
      more.onResponse?.(exchange);
    },
  };
}

describe('order', () => {
  it('runs request hooks outermost first and response hooks in reverse', async () => {
    const notes: string[] = [];
    const { server } = await start({ a: noting(notes, 'a'), b: noting(notes, 'b'), c: noting(notes, 'c') });
    const client = await proxy!.client();
    client.write(GET);
    await client.untilText('ok');
    assert.deepEqual(notes, [
      'a request',
      'b request',
      'c request',
      'c response 200',
      'b response 200',
      'a response 200',
    ]);
    assert.equal(server.connections.length, 1);
  });

  it('lets only the outer ones see an answer, and sends nothing to the server', async () => {
    const notes: string[] = [];
    const answers: Middleware = {
      onRequest(exchange) {
        exchange.answer(plainAnswer(403, 'no'));
        return Verdict.ANSWERED;
      },
    };
    await start({ a: noting(notes, 'a'), b: noting(notes, 'b', answers), c: noting(notes, 'c') });
    const client = await proxy!.client();
    client.write(GET + GET);
    await client.until((received) => received.split('no\n').length === 3);
    assert.deepEqual(notes, ['a request', 'b request', 'a response 403', 'a request', 'b request', 'a response 403']);
    assert.equal(proxy!.server.connections.length, 0);
  });

  it('shows them answers of the proxy, the request beside it', async () => {
    const seen: string[] = [];
    const hook: Middleware = {
      onResponse({ request, response }) {
        seen.push(`${request.method} ${request.path} ${request.get('x-mine')} ${response.status}`);
        response.set('X-Seen', '1');
      },
    };
    await start({ hook });
    await proxy!.server.close();
    const client = await proxy!.client();
    client.write('GET /path HTTP/1.1\r\nHost: h\r\nX-Mine: yes\r\n\r\n');
    await client.untilBody(11);
    assert.deepEqual(seen, ['GET /path yes 502']);
    assert.match(client.received, /\r\nX-Seen: 1\r\n/);
  });

  it('shows response hooks the request of their own exchange, however the bytes came', async () => {
    const seen: string[] = [];
    proxy = await startProxy(
      (connection, chunk) => {
        for (const _ of chunk.matchAll(/\r\n\r\n/g)) setTimeout(() => connection.socket.write(OK), 5);
      },
      probes({ hook: { onResponse: ({ request }) => void seen.push(`${request.path}${request.get('x-n')}`) } }),
    );
    const client = await proxy.client();
    for (let i = 0; i < 20; i++) {
      for (const part of [`GET /${i} HTTP/1.1\r\nHo`, `st: h\r\nX-N: ${i}\r\n\r\n`]) client.write(part);
      if (i % 3 === 0) await pause(3);
    }
    await client.until((received) => received.split('\r\n\r\nok').length === 21);
    assert.deepEqual(
      seen,
      Array.from({ length: 20 }, (_, i) => `/${i}${i}`),
    );
  });
});

describe('waiting', () => {
  /** A middleware that waits for the test to go on with the exchange. */
  function gate(): { readonly waiting: Exchange[]; readonly middleware: Middleware } {
    const waiting: Exchange[] = [];
    const onRequest = (exchange: Exchange) => {
      waiting.push(exchange);
      return Verdict.SUSPENDED;
    };
    return { waiting, middleware: { onRequest } };
  }

  it('goes on when told, with the body and what was pipelined behind it', async () => {
    const { waiting, middleware } = gate();
    const notes: string[] = [];
    await start({ middleware, inner: noting(notes, 'inner') });
    const client = await proxy!.client();
    client.write(POST + GET);
    await proxy!.server.until(() => waiting.length === 1, 'the exchange');
    await pause(20);
    assert.equal(proxy!.server.received, '');
    waiting[0].resume();
    await proxy!.server.untilText('\r\n\r\nhello');
    await client.untilText('ok');
    assert.equal(notes.length, 2);
    await proxy!.server.until(() => waiting.length === 2, 'the second exchange');
    waiting[1].resume();
    await client.until((received) => received.split('\r\n\r\nok').length === 3);
    await proxy!.untilQuiet();
  });

  it('takes an answer instead, and reads on behind the body', async () => {
    const { waiting, middleware } = gate();
    await start({ middleware });
    const client = await proxy!.client();
    client.write(POST + GET);
    await proxy!.server.until(() => waiting.length === 1, 'the exchange');
    await pause(10);
    waiting[0].answer(plainAnswer(401, 'who?'));
    await client.untilText('who?\n');
    await proxy!.server.until(() => waiting.length === 2, 'the second exchange');
    waiting[1].resume();
    await client.untilText('\r\n\r\nok');
    assert.doesNotMatch(proxy!.server.received, /POST/);
  });

  it('ignores both when the client has left, also much later', async () => {
    const { waiting, middleware } = gate();
    await start({ middleware });
    for (const end of ['fin', 'reset'] as const) {
      const client = await proxy!.client();
      client.write(GET);
      await proxy!.server.until(() => waiting.length > 0, 'the exchange');
      if (end === 'fin') client.socket.end();
      else client.socket.resetAndDestroy();
      await proxy!.untilQuiet();
      const [exchange] = waiting.splice(0);
      exchange.resume();
      exchange.answer(emptyAnswer(200));
      exchange.resume();
    }
    const client = await proxy!.client();
    client.write(GET);
    await proxy!.server.until(() => waiting.length === 1, 'the exchange');
    waiting[0].resume();
    await client.untilText('ok');
    assert.equal(proxy!.server.received.split('GET ').length, 2, 'one request');
    await proxy!.untilQuiet();
  });

  it('goes on at once when resumed before saying that it waits', async () => {
    const onRequest = (exchange: Exchange) => {
      exchange.resume();
      return Verdict.SUSPENDED;
    };
    await start({ first: { onRequest }, second: { onRequest } });
    const client = await proxy!.client();
    client.write(GET + GET);
    await client.until((received) => received.split('\r\n\r\nok').length === 3);
  });

  it('sends the request once when resumed twice, also while the name of the server is looked up', async () => {
    const { waiting, middleware } = gate();
    await start(
      { middleware },
      {
        dynamic: `
http:
  routers: { r: { rule: "PathPrefix(\`/\`)", service: app, middlewares: [middleware] } }
  middlewares: { middleware: { middleware: { prefix: /unused } } }
  services: { app: { loadBalancer: { servers: [{ url: "http://localhost:PORT" }] } } }`,
      },
    );
    const client = await proxy!.client();
    client.write(GET);
    await proxy!.server.until(() => waiting.length === 1, 'the exchange');
    waiting[0].resume();
    waiting[0].resume();
    await client.untilText('ok');
    waiting[0].resume();
    assert.equal(proxy!.server.received.split('GET ').length, 2, 'one request');
    await proxy!.untilQuiet();
  });

  it('does not blame the client for the time it took, and stops waiting for nobody', async () => {
    const { waiting, middleware } = gate();
    await start({ middleware }, { respondingTimeouts: { readTimeout: 300 } });
    const client = await proxy!.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhel');
    await pause(700);
    waiting[0].resume();
    client.write('lo');
    await client.untilText('ok');
  });

  it('keeps the old revision until the exchange has ended', async () => {
    const { waiting, middleware } = gate();
    await start({ middleware });
    const client = await proxy!.client();
    client.write(GET);
    await proxy!.server.until(() => waiting.length === 1, 'the exchange');
    proxy!.install('http: { routers: {}, services: {} }');
    assert.deepEqual(proxy!.released, []);
    waiting[0].resume();
    await client.untilText('ok');
    assert.deepEqual(proxy!.released, [1]);
  });
});

describe('faults', () => {
  const SECRET = /GET \/path/;

  for (const [name, onRequest] of [
    ['throws', () => assert.fail('on purpose')],
    ['says ANSWERED without an answer', () => Verdict.ANSWERED],
    ['says nothing', () => undefined as never],
    ['returns a promise', () => Promise.resolve(Verdict.NEXT) as never],
  ] as const) {
    it(`answers 500 and asks no server when a request hook ${name}`, async () => {
      await start({ outer: {}, faulty: { onRequest } }, { faultsExpected: true });
      const client = await proxy!.client();
      client.write(GET + GET);
      await client.until((received) => received.split('Internal Server Error\n').length === 3);
      assert.equal(proxy!.server.connections.length, 0);
      assert.equal(proxy!.faults.length, 2);
      await proxy!.untilQuiet();
    });
  }

  for (const verdict of [Verdict.NEXT, Verdict.SUSPENDED, Verdict.ANSWERED] as const) {
    it(`stops at an answer although the hook says ${verdict}`, async () => {
      let kept: Exchange | undefined;
      const onRequest = (exchange: Exchange) => {
        kept = exchange;
        exchange.answer(plainAnswer(403, 'stop'));
        return verdict;
      };
      await start({ faulty: { onRequest } });
      const client = await proxy!.client();
      client.write(GET);
      await client.untilText('stop\n');
      kept!.resume();
      kept!.answer(emptyAnswer(200));
      await pause(20);
      assert.equal(client.received.split('HTTP/1.1').length, 2);
      assert.doesNotMatch(proxy!.server.received, SECRET);
      await proxy!.untilQuiet();
    });
  }

  it('keeps the answer of a hook that throws after it', async () => {
    const onRequest = (exchange: Exchange): never => {
      exchange.answer(plainAnswer(403, 'stop'));
      throw new Error('on purpose');
    };
    await start({ faulty: { onRequest } }, { faultsExpected: true });
    const client = await proxy!.client();
    client.write(GET + GET);
    await client.until((received) => received.split('stop\n').length === 3);
    await proxy!.untilQuiet();
  });

  it('answers 500 when a response hook throws, and never uses the server connection again', async () => {
    await start(
      {
        faulty: {
          onResponse({ response }) {
            if (response.get('content-length') === '2') throw new Error('on purpose');
          },
        },
      },
      { faultsExpected: true },
    );
    const client = await proxy!.client();
    client.write(GET + GET);
    await client.until((received) => received.split('Internal Server Error\n').length === 3);
    assert.ok(!client.received.includes('200 OK'));
    assert.equal(proxy!.server.connections.length, 2);
    await proxy!.untilQuiet();
  });

  it('answers 500 when a hook throws on an answer of the proxy', async () => {
    const onResponse = (): never => {
      throw new Error('on purpose');
    };
    await start({ faulty: { onResponse } }, { faultsExpected: true });
    proxy!.status.setHealth(0, 0);
    const client = await proxy!.client();
    client.write(GET);
    await client.untilText('Internal Server Error\n');
    assert.match(client.received, /^HTTP\/1\.1 500 /);
  });

  for (const [name, value] of [
    ['a line end', 'a\r\nSet-Cookie: evil=1'],
    ['NUL', 'a\0'],
    ['what latin-1 has not', 'a\u0160'],
  ]) {
    it(`lets no added field carry ${name}, in either direction`, async () => {
      const request: Middleware = {
        onRequest(exchange) {
          exchange.request.set('X-Bad', value);
          return Verdict.NEXT;
        },
      };
      const response: Middleware = { onResponse: (exchange) => exchange.response.set('X-Bad', value) };
      await start({ request }, { faultsExpected: true });
      const first = await proxy!.client();
      first.write(GET);
      await first.untilText('Internal Server Error\n');
      assert.equal(proxy!.server.received, '');
      await proxy!.close();
      await start({ response }, { faultsExpected: true });
      const second = await proxy!.client();
      second.write(GET);
      await second.untilText('Internal Server Error\n');
      assert.match(second.received, /^HTTP\/1\.1 500 /);
      assert.ok(!second.received.includes('evil'));
    });
  }

  it('lets no path with a space become a request line', async () => {
    const onRequest = (exchange: Exchange) => {
      exchange.request.setPath('/a HTTP/1.1\r\nX: y');
      return Verdict.NEXT;
    };
    await start({ faulty: { onRequest } }, { faultsExpected: true });
    const client = await proxy!.client();
    client.write(GET);
    await client.untilText('Internal Server Error\n');
    assert.equal(proxy!.server.received, '');
  });
});
