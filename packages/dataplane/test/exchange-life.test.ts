// The end of exchanges in every state: what is left over of a request or an answer must never be taken for the next one,
// and nothing stays behind (RFC 9112 §9.3–9.6).

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type Middleware, plainAnswer, Verdict } from '@sluice/middlewares';
import { probes } from '../src/testing/probe-middleware.ts';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import type { RawClient } from '../src/testing/raw-client.ts';
import { answerHeads, type RawConnection } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n';
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('bodies nobody has read', () => {
  it('closes when the rest of a body to be discarded does not come in time', async () => {
    proxy = await startProxy(answerHeads(OK), { rule: 'Host(`h`)', respondingTimeouts: { readTimeout: 300 } });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: elsewhere\r\nContent-Length: 1000\r\n\r\nabc');
    await client.untilText('404 page not found\n');
    await pause(450);
    client.write(SMUGGLED);
    await client.untilEnd();
    assert.equal(proxy.server.received, '');
    await proxy.untilQuiet();
  });

  it('closes after an early answer of a server that does not read on', async () => {
    let server: RawConnection | undefined;
    proxy = await startProxy((connection) => {
      server = connection;
      connection.socket.pause();
    });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 50000000\r\n\r\n');
    await proxy.server.untilText('\r\n\r\n');
    const body = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 20; i++) client.socket.write(body);
    await pause(50);
    // Closing with unread input resets: the answer comes first, then nothing more can be sent.
    server!.socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\n');
    await client.untilText('\r\n\r\n');
    server!.socket.write('never');
    server!.socket.destroy();
    await client.untilEnd();
    client.write(SMUGGLED);
    await pause(20);
    assert.ok(!proxy.server.received.includes('smuggled'));
    await proxy.untilQuiet();
  });

  it('does not take what follows a broken upload for a request', async () => {
    let server: RawConnection | undefined;
    proxy = await startProxy((connection, chunk) => {
      server ??= connection;
      if (chunk.includes('smuggled')) connection.socket.write(OK);
    });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n');
    await proxy.server.untilText('\r\n\r\n');
    // In one batch: the body cannot be sent on, and the answer is complete one batch later.
    server!.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n${'a'.repeat(70_000)}`);
    server!.socket.resetAndDestroy();
    client.write('x'.repeat(100));
    await client.untilBody(70_000);
    client.write(SMUGGLED);
    await client.untilEnd();
    assert.equal(client.received.split('HTTP/1.1').length, 2, 'one answer');
    assert.equal(proxy.server.connections.length, 1);
    await proxy.untilQuiet();
  });
});

describe('pipelining', () => {
  it('gives a head that came half with the request before it the whole time', async () => {
    proxy = await startProxy(answerHeads(OK), { rule: 'Host(`h`)' });
    const client = await proxy.client();
    client.write('GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\nGET / HT');
    await client.untilText('404 page not found\n');
    await pause(50);
    client.received = '';
    client.write('TP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('ok');
    assert.match(client.received, /^HTTP\/1\.1 200 OK/);
  });

  it('does not read an answer of the last exchange as one of the next', async () => {
    const switchAnswer = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n';
    proxy = await startProxy((connection, chunk) => {
      if (chunk.includes('GET /one'))
        connection.socket.write(`${switchAnswer}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`);
      else connection.socket.write(OK);
    });
    const client = await proxy.client();
    client.write('GET /one HTTP/1.1\r\nHost: h\r\n\r\nGET /two HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.until((received) => received.endsWith('ok') || received.endsWith('evil'));
    assert.ok(!client.received.includes('evil'), client.received);
    assert.match(client.received, /^HTTP\/1\.1 500 [\s\S]*HTTP\/1\.1 200 OK/);
    await proxy.untilQuiet();
  });
});

describe('events of one batch', () => {
  /** Runs `act` so that everything written in it arrives in one batch of events, in that order. */
  const together = (act: () => void) => act();

  it('does not relay a body twice that starts while the server asks for it', async () => {
    let server: RawConnection | undefined;
    proxy = await startProxy((connection) => {
      server = connection;
    });
    const client = await proxy.client();
    client.write('PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n');
    await proxy.server.untilText('\r\n\r\n');
    together(() => {
      server!.socket.write('HTTP/1.1 100 Continue\r\n\r\n');
      client.write('01234');
    });
    await proxy.server.untilText('01234');
    client.write(`56789${SMUGGLED}`);
    await proxy.server.untilText('56789');
    await pause(20);
    assert.ok(!proxy.server.received.includes('smuggled'), proxy.server.received);
    server!.socket.write(OK);
    // As a request of its own it carries our fields.
    await proxy.server.untilText('GET /smuggled HTTP/1.1\r\nHost: h\r\nX-Real-Ip');
  });

  it('keeps the first bytes of a client that speaks as soon as the server switches', async () => {
    let server: RawConnection | undefined;
    proxy = await startProxy((connection) => {
      server = connection;
    });
    const client = await proxy.client();
    client.write('GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n');
    await proxy.server.untilText('\r\n\r\n');
    together(() => {
      server!.socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi');
      client.write('first ');
    });
    await client.untilText('hi');
    client.write('second');
    await proxy.server.untilText('first second');
  });
});

describe('slow clients', () => {
  it('drops what is queued when the write timeout has passed', async () => {
    proxy = await startProxy(
      (connection) => {
        connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
        connection.socket.write(Buffer.alloc(100_000_000, 'x'));
      },
      { respondingTimeouts: { writeTimeout: 100 } },
    );
    const client = await proxy.client();
    client.socket.pause();
    client.write(GET);
    await proxy.server.untilText('\r\n\r\n');
    await proxy.server.until(() => proxy!.dataplane.connectionCount === 0, 'the end of both connections');
    await proxy.server.until(() => proxy!.dataplane.descriptorCount === 0, 'the end of the descriptor');
  });
});

describe('leaving', () => {
  it('sends what is queued for a slow client before it is done', async () => {
    const text = 'x'.repeat(50_000);
    let answered = 0;
    const answer: Middleware = {
      onRequest(exchange) {
        answered++;
        exchange.answer(plainAnswer(200, text));
        return Verdict.ANSWERED;
      },
    };
    proxy = await startProxy(answerHeads(OK), probes({ answer }));
    /** Sends requests one by one and reads nothing, until `most` answers are under way or no more are made. */
    const fill = async (client: RawClient, most: number) => {
      client.socket.pause();
      for (answered = 0; answered < most; ) {
        const before = answered;
        client.write(GET);
        for (let i = 0; i < 50 && answered === before; i++) await pause(2);
        if (answered === before) break;
      }
      return answered;
    };
    const capacity = await fill(await proxy.client(), Number.POSITIVE_INFINITY);
    const client = await proxy.client();
    // A little less: everything has been answered, but some of it is still in our hands.
    await fill(client, capacity - 2);
    const drained = proxy.dataplane.drain(0, 5_000).then(() => proxy!.dataplane.close());
    await pause(800);
    client.socket.resume();
    await client.untilEnd();
    client.close();
    await drained;
    const answers = client.received.split('HTTP/1.1 200 OK').slice(1);
    // Counted when they were made: on a busy machine the last one may come after `fill` has given up waiting for it.
    assert.equal(answers.length, answered);
    assert.ok(answers.every((each) => each.endsWith('x\n') && each.length > text.length));
  });

  it('counts nothing as in flight after the end of the grace time', async () => {
    proxy = await startProxy(() => {});
    const clients: RawClient[] = [];
    for (let i = 0; i < 3; i++) clients.push(await proxy.client());
    for (const client of clients) client.write(GET);
    await proxy.server.until(({ connections }) => connections.filter(({ received }) => received !== '').length === 3);
    await proxy.dataplane.drain(0, 50);
    await proxy.untilQuiet();
  });
});
