// Clients that send or take too slowly are cut off once their grace is over; those that wait for a server, are quick enough, or have
// nothing to do are not.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { type ProxyOptions, type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import type { RawClient } from '../src/testing/raw-client.ts';
import { answerHeads, type RawConnection } from '../src/testing/raw-server.ts';

let proxy: ProxyUnderTest | undefined;
afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const GRACE_MS = 600;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** The least rates are 500 bytes a second: a tenth of what those send that are fast enough, ten times what slow ones do. */
const LIMITED: ProxyOptions = {
  slowClientsEveryMs: 20,
  limits: { minReceiveBytesPerSecond: 500, minSendBytesPerSecond: 500, slowClientGrace: GRACE_MS },
};

/** Writes a piece every 20 ms until the connection ends or everything is out. */
async function trickle(client: RawClient, piece: string, times: number): Promise<void> {
  for (let i = 0; i < times && !client.ended; i++) {
    client.write(piece);
    await pause(20);
  }
}

/** Answers once the whole body is there. */
function answerBody(end: string): (connection: RawConnection) => void {
  return (connection) => {
    if (connection.received.endsWith(end)) connection.socket.write(OK);
  };
}

describe('request bodies', () => {
  for (const [kind, head, piece, end] of [
    ['with a length', 'Content-Length: 5000', 'x', 'x'.repeat(5000)],
    ['in chunks', 'Transfer-Encoding: chunked', '1\r\nx\r\n', '0\r\n\r\n'],
  ] as const) {
    it(`${kind} that come too slowly are answered 408`, async () => {
      proxy = await startProxy(answerBody(end), LIMITED);
      const client = await proxy.client();
      client.write(`POST / HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n`);
      const began = Date.now();
      await trickle(client, piece, 300);
      assert.match(client.received, /^HTTP\/1\.1 408 Request Timeout\r\n/);
      assert.ok(Date.now() - began >= GRACE_MS);
      await proxy.server.until(({ connections }) => connections[0]!.ended, 'the end at the server');
      await proxy.untilQuiet();
    });

    it(`${kind} that come fast enough are not disturbed, though it takes long`, async () => {
      proxy = await startProxy(answerBody(end), LIMITED);
      const client = await proxy.client();
      client.write(`POST / HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n`);
      if (kind === 'with a length') await trickle(client, 'x'.repeat(100), 50);
      else await trickle(client, `64\r\n${'x'.repeat(100)}\r\n`, 50);
      if (kind === 'in chunks') client.write('0\r\n\r\n');
      await client.untilText('ok');
    });
  }

  it('may pause for less than the grace, as often as they catch up', async () => {
    const body = 'x'.repeat(20_000);
    proxy = await startProxy(answerBody(body), LIMITED);
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000\r\n\r\n');
    for (let i = 0; i < 4; i++) {
      client.write(body.slice(0, 5_000));
      await pause(GRACE_MS / 2);
    }
    await client.untilText('ok');
  });

  it('are not too slow when the server does not take them', async () => {
    const body = 'x'.repeat(30 << 20);
    proxy = await startProxy((connection) => void connection.socket.pause(), LIMITED);
    const client = await proxy.client();
    client.write(`POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    await proxy.server.untilText('\r\n\r\n');
    await pause(4 * GRACE_MS);
    assert.equal(client.received, '');
    const [connection] = proxy.server.connections;
    let bytes = connection!.received.length;
    connection!.socket.removeAllListeners('data').on('data', (chunk) => {
      bytes += chunk.length;
      if (bytes >= body.length) connection!.socket.write(OK);
    });
    connection!.socket.resume();
    await client.untilText('ok');
  });

  it('that wait to be asked for are not too slow', async () => {
    proxy = await startProxy((connection) => {
      if (connection.received.endsWith('body')) connection.socket.write(OK);
      else setTimeout(() => connection.socket.write('HTTP/1.1 100 Continue\r\n\r\n'), 2 * GRACE_MS);
    }, LIMITED);
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
    await client.untilText('100 Continue');
    client.write('body');
    await client.untilText('ok');
  });
});

describe('answers', () => {
  const LENGTH = 40 << 20;
  const chunk = Buffer.alloc(1 << 20, 'x');

  /** Sends LENGTH bytes, as fast as they are taken. */
  function sendMuch(connection: RawConnection, head = `HTTP/1.1 200 OK\r\nContent-Length: ${LENGTH}\r\n\r\n`): void {
    const { socket } = connection;
    socket.write(head);
    let left = LENGTH;
    const push = () => {
      while (left > 0 && !socket.destroyed) {
        left -= chunk.length;
        if (!socket.write(chunk)) return void socket.once('drain', push);
      }
    };
    push();
  }

  for (const [kind, head] of [
    ['of known length', `HTTP/1.1 200 OK\r\nContent-Length: ${LENGTH}\r\n\r\n`],
    ['without length', 'HTTP/1.1 200 OK\r\n\r\n'],
  ]) {
    it(`${kind} that nobody takes end the connection, and the server is let go`, async () => {
      proxy = await startProxy((connection) => sendMuch(connection, head), LIMITED);
      const client = await proxy.client();
      client.socket.pause();
      client.write(GET);
      await proxy.server.until(({ connections }) => connections[0]?.ended === true, 'the end at the server');
      await proxy.untilQuiet();
      assert.equal(proxy.dataplane.connectionCount, 0);
      client.socket.resume();
      await client.untilEnd();
      assert.ok(client.socket.bytesRead < LENGTH);
    });
  }

  it('that are taken slowly, but fast enough, arrive whole', async () => {
    proxy = await startProxy((connection) => sendMuch(connection), {
      ...LIMITED,
      limits: { ...LIMITED.limits, minSendBytesPerSecond: 1_000_000 },
    });
    const client = await proxy.client();
    client.socket.removeAllListeners('data').pause();
    client.write(GET);
    // Five times the least rate, in sips that leave the sockets full.
    let bytes = 0;
    while (bytes < LENGTH / 4 && !client.ended) {
      bytes += (client.socket.read(100_000) as Buffer | null)?.length ?? 0;
      await pause(20);
    }
    assert.ok(!client.ended);
    client.socket.on('data', (data) => {
      bytes += data.length;
    });
    client.socket.resume();
    await client.until(() => bytes >= LENGTH, 'everything');
  });

  it('that come slowly from the server are no fault of the client', async () => {
    proxy = await startProxy(async (connection) => {
      connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let i = 0; i < 60; i++) {
        connection.socket.write('1\r\nx\r\n');
        await pause(20);
      }
      connection.socket.write('0\r\n\r\n');
    }, LIMITED);
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('0\r\n\r\n');
  });

  it('of which a pipelining client takes none end its connection', async () => {
    const text = 'a'.repeat(100_000);
    proxy = await startProxy(answerHeads(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`), LIMITED);
    const client = await proxy.client();
    client.socket.pause();
    client.write(GET.repeat(500));
    await proxy.server.until(() => proxy!.exchangeCount > 0);
    await proxy.server.until(() => proxy!.exchangeCount === 0 && proxy!.dataplane.connectionCount <= 1, 'the end');
  });
});

describe('who has nothing to do', () => {
  it('is left alone: idle, waiting for an answer, or in a tunnel', async () => {
    proxy = await startProxy((connection, data) => {
      if (data.includes('/idle')) connection.socket.write(OK);
      if (data.includes('/late')) setTimeout(() => connection.socket.write(OK), 4 * GRACE_MS);
      if (data.includes('/tunnel')) {
        connection.socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
      }
      if (data.includes('ping')) connection.socket.write('pong');
    }, LIMITED);
    const [idle, late, tunnel] = [await proxy.client(), await proxy.client(), await proxy.client()];
    idle.write(GET.replace('/', '/idle'));
    late.write(GET.replace('/', '/late'));
    tunnel.write('GET /tunnel HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n');
    await tunnel.untilText('101');
    await late.untilText('ok');
    tunnel.write('ping');
    await tunnel.untilText('pong');
    idle.received = '';
    idle.write(GET.replace('/', '/idle'));
    await idle.untilText('ok');
  });

  it('is not looked at without limits', async () => {
    proxy = await startProxy(answerBody('x'.repeat(40)), {
      ...LIMITED,
      limits: { ...LIMITED.limits, minReceiveBytesPerSecond: 0, minSendBytesPerSecond: 0 },
    });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\n\r\n');
    await trickle(client, 'x', 40);
    await client.untilText('ok');
  });
});
