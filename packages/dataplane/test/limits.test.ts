// Slow, greedy and endless peers: every buffer, count and time has a bound, and the fast side is made to wait.

import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { plainAnswer, Verdict } from '@sluice/middlewares';
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
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** What a loop-back connection takes without anybody reading, both sockets' buffers with room to spare. */
const KERNEL_BYTES = 24 << 20;

/** Writes one byte each `everyMs` until the connection ends; returns how many went out. */
async function trickle(client: RawClient, text: string, everyMs: number): Promise<number> {
  let sent = 0;
  for (; !client.ended && sent < text.length; sent++) {
    client.write(text[sent]!);
    await pause(everyMs);
  }
  return sent;
}

/** Writes pieces until nothing has been taken for a while; returns the bytes that were. */
async function fill(
  socket: RawConnection['socket'],
  piece: Buffer,
  stop: () => boolean = () => false,
): Promise<number> {
  let written = 0;
  for (;;) {
    if (stop()) return written;
    if (!socket.write(piece)) {
      const drained = await Promise.race([
        new Promise<boolean>((resolve) => socket.once('drain', () => resolve(true))),
        pause(200).then(() => false),
      ]);
      if (!drained) return written;
    }
    written += piece.length;
  }
}

describe('slow clients', () => {
  it('with a head byte by byte get 408 when the read timeout is over', async () => {
    proxy = await startProxy(answerHeads(OK), { respondingTimeouts: { readTimeout: 300 } });
    const client = await proxy.client();
    const began = Date.now();
    await trickle(client, `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(4_000)}`, 10);
    assert.match(client.received, /^HTTP\/1\.1 408 /);
    assert.ok(Date.now() - began < 20_000, `${Date.now() - began} ms`);
    assert.equal(proxy.server.connections.length, 0);
  });

  it('with a head byte by byte behind another request too', async () => {
    proxy = await startProxy(answerHeads(OK), { respondingTimeouts: { readTimeout: 300 } });
    const client = await proxy.client();
    client.write(GET);
    await client.untilText('ok');
    client.received = '';
    await trickle(client, `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(200)}`, 10);
    assert.match(client.received, /^HTTP\/1\.1 408 /);
  });

  for (const [kind, head, byte] of [
    ['with a length', 'Content-Length: 100000', 'x'],
    ['in chunks', 'Transfer-Encoding: chunked', '1\r\nx\r\n'],
  ]) {
    it(`with a body ${kind} byte by byte get 504, and the server is cut off`, async () => {
      proxy = await startProxy(() => {}, { respondingTimeouts: { readTimeout: 300 } });
      const client = await proxy.client();
      client.write(`POST / HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n`);
      await trickle(client, byte!.repeat(200), 10);
      assert.match(client.received, /^HTTP\/1\.1 504 /);
      await proxy.server.until(({ connections }) => connections[0]!.ended, 'the end at the server');
      await proxy.untilQuiet();
    });
  }

  it('have readHeaderTimeout for a head alone, and may take their time for the body', async () => {
    const answerBody = (connection: RawConnection) => {
      if (connection.received.endsWith('x'.repeat(40))) connection.socket.write(OK);
    };
    proxy = await startProxy(answerBody, { respondingTimeouts: { readTimeout: 0, readHeaderTimeout: 300 } });
    const slow = await proxy.client();
    await trickle(slow, `GET / HTTP/1.1\r\nHost: h\r\nX: ${'x'.repeat(200)}`, 10);
    assert.match(slow.received, /^HTTP\/1\.1 408 /);
    const patient = await proxy.client();
    patient.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\n\r\n');
    await trickle(patient, 'x'.repeat(40), 8);
    await patient.untilText('ok');
  });

  it('that send nothing at all are closed without a word', async () => {
    proxy = await startProxy(answerHeads(OK), { respondingTimeouts: { readTimeout: 50 } });
    const client = await proxy.client();
    await client.untilEnd();
    assert.equal(client.received, '');
  });

  it('have no read timeout while a complete request waits for its answer', async () => {
    proxy = await startProxy((connection) => void setTimeout(() => connection.socket.write(OK), 700), {
      respondingTimeouts: { readTimeout: 300, idleTimeout: 300 },
    });
    const client = await proxy.client();
    client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab');
    await client.untilText('ok');
  });

  it('have no idle timeout while an answer is on its way', async () => {
    proxy = await startProxy(
      async (connection) => {
        connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        for (let i = 0; i < 5; i++) {
          connection.socket.write('1\r\nx\r\n');
          await pause(150);
        }
        connection.socket.write('0\r\n\r\n');
      },
      { respondingTimeouts: { idleTimeout: 400 } },
    );
    const client = await proxy.client();
    for (let i = 0; i < 2; i++) {
      client.received = '';
      client.write(GET);
      await client.untilText('0\r\n\r\n');
    }
    await client.untilEnd();
  });
});

describe('clients that do not read', () => {
  it('stop the server that answers them', async () => {
    let written = -1;
    proxy = await startProxy(async (connection) => {
      connection.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n');
      written = await fill(connection.socket, Buffer.alloc(1 << 20));
    });
    const client = await proxy.client();
    client.socket.pause();
    client.write(GET);
    await proxy.server.until(() => written >= 0, 'back-pressure');
    assert.ok(written < KERNEL_BYTES, `${written} bytes`);
  });

  for (const [framing, head] of [
    ['chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['the end of the connection', 'HTTP/1.1 200 OK\r\n\r\n'],
  ]) {
    it(`stop a server that frames with ${framing}`, async () => {
      let written = -1;
      const piece = Buffer.from(
        framing === 'chunks' ? `400\r\n${'x'.repeat(1024)}\r\n`.repeat(64) : 'x'.repeat(65_536),
      );
      proxy = await startProxy(async (connection) => {
        connection.socket.write(head!);
        written = await fill(connection.socket, piece);
      });
      const client = await proxy.client();
      client.socket.pause();
      client.write(GET);
      await proxy.server.until(() => written >= 0, 'back-pressure');
      assert.ok(written < KERNEL_BYTES, `${written} bytes`);
      // And it goes on when they do.
      const before = client.socket.bytesRead;
      client.socket
        .removeAllListeners('data')
        .on('data', () => {})
        .resume();
      await client.until(() => client.socket.bytesRead > before + written, 'the rest');
    });
  }

  it('get no further answers when they pipeline, and all of them when they read', async () => {
    const text = 'a'.repeat(50_000);
    let answered = 0;
    proxy = await startProxy((connection, chunk) => {
      for (const _ of chunk.matchAll(/\r\n\r\n/g)) {
        answered++;
        connection.socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
      }
    });
    const client = await proxy.client();
    client.socket.removeAllListeners('data');
    client.socket.pause();
    const count = 1_000;
    client.write(GET.repeat(count));
    await proxy.server.until(() => answered > 5, 'the first answers');
    let before = -1;
    while (before !== answered) {
      before = answered;
      await pause(150);
    }
    assert.ok(answered < count, `${answered} answers`);
    let bytes = 0;
    client.socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    client.socket.resume();
    await client.until(() => bytes > count * text.length, 'all answers');
    assert.equal(answered, count);
    await proxy.untilQuiet();
  });

  it('get no further answers of our own either, and do not break off', async () => {
    const text = 'a'.repeat(100_000);
    let answered = 0;
    proxy = await startProxy(
      answerHeads(OK),
      probes({
        own: {
          onRequest(exchange) {
            answered++;
            exchange.answer(plainAnswer(200, text));
            return Verdict.ANSWERED;
          },
        },
      }),
    );
    const client = await proxy.client();
    client.socket.removeAllListeners('data');
    client.socket.pause();
    const count = 1_500;
    client.write(GET.repeat(count));
    await proxy.server.until(() => answered > 0, 'the first answer');
    let before = -1;
    while (before !== answered) {
      before = answered;
      await pause(150);
    }
    assert.ok(answered > 0 && answered * text.length < KERNEL_BYTES, `${answered} answers`);
    let bytes = 0;
    client.socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    client.socket.resume();
    await client.until(() => bytes > count * text.length, 'all answers');
  });

  it('are not read from for ever', async () => {
    proxy = await startProxy(() => {});
    const client = await proxy.client();
    client.write(GET);
    const taken = await fill(client.socket, Buffer.from(GET.repeat(2_000)));
    assert.ok(taken < KERNEL_BYTES, `${taken} bytes`);
  });

  it('are closed when they stay so for the idle time', async () => {
    const text = 'a'.repeat(100_000);
    proxy = await startProxy(answerHeads(OK), {
      ...probes({
        own: {
          onRequest(exchange) {
            exchange.answer(plainAnswer(200, text));
            return Verdict.ANSWERED;
          },
        },
      }),
      respondingTimeouts: { idleTimeout: 200 },
    });
    const client = await proxy.client();
    client.socket.pause();
    client.write(GET.repeat(1_000));
    await proxy.server.until(() => proxy!.dataplane.connectionCount === 0, 'the end of the connection');
  });
});

describe('servers that do not read', () => {
  for (const [kind, head, piece] of [
    ['with a length', 'Content-Length: 1000000000', Buffer.alloc(1 << 20)],
    ['in chunks', 'Transfer-Encoding: chunked', Buffer.from(`400\r\n${'x'.repeat(1024)}\r\n`.repeat(64))],
    ['in large chunks', 'Transfer-Encoding: chunked', Buffer.from(`40000\r\n${'x'.repeat(0x40000)}\r\n`)],
  ] as const) {
    it(`stop a client that sends a body ${kind}`, async () => {
      proxy = await startProxy((connection) => void connection.socket.pause());
      const client = await proxy.client();
      client.write(`POST / HTTP/1.1\r\nHost: h\r\n${head}\r\n\r\n`);
      await proxy.server.untilText('\r\n\r\n');
      const written = await fill(client.socket, piece);
      assert.ok(written < KERNEL_BYTES, `${written} bytes`);
      const [server] = proxy.server.connections;
      const before = server!.socket.bytesRead;
      server!.socket
        .removeAllListeners('data')
        .on('data', () => {})
        .resume();
      await proxy.server.until(() => server!.socket.bytesRead > before + (1 << 20), 'more of the body');
    });
  }
});

describe('heads', () => {
  const fields = (count: number) => 'a: b\r\n'.repeat(count);

  it('have as many fields as maxHeaderFields, and 431 beyond', async () => {
    proxy = await startProxy(answerHeads(OK), { http: { maxHeaderFields: 3 } });
    const client = await proxy.client();
    client.write(`GET / HTTP/1.1\r\nHost: h\r\n${fields(2)}\r\n`);
    await client.untilText('ok');
    client.received = '';
    client.write(`GET / HTTP/1.1\r\nHost: h\r\n${fields(3)}\r\n`);
    await client.untilText('HTTP/1.1 431 ');
  });

  it('may have more fields than by default', async () => {
    proxy = await startProxy(answerHeads(OK), { http: { maxHeaderFields: 2_000 } });
    const client = await proxy.client();
    client.write(`GET / HTTP/1.1\r\nHost: h\r\n${fields(1_999)}\r\n`);
    await client.untilText('ok');
  });

  it('have a target of maxTargetBytes, and 414 beyond', async () => {
    proxy = await startProxy(answerHeads(OK), { http: { maxTargetBytes: 9 } });
    const client = await proxy.client();
    client.write('GET /345678?0 HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('ok');
    client.received = '';
    client.write('GET /345678?01 HTTP/1.1\r\nHost: h\r\n\r\n');
    await client.untilText('HTTP/1.1 414 ');
  });
});

describe('endless servers', () => {
  const endless = (first: string, piece: string): Parameters<typeof startProxy>[0] => {
    return (connection) => {
      connection.socket.write(first);
      void fill(connection.socket, Buffer.from(piece), () => connection.ended || connection.socket.destroyed);
    };
  };

  for (const [name, first, piece] of [
    ['interim responses', '', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(100)],
    ['100 Continue', '', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(100)],
    ['a head', 'HTTP/1.1 200 OK\r\n', `X-${'a'.repeat(50)}: ${'b'.repeat(1000)}\r\n`],
    ['one header line', 'HTTP/1.1 200 OK\r\nX: ', 'a'.repeat(10_000)],
    ['a reason phrase', 'HTTP/1.1 200 ', 'a'.repeat(10_000)],
    ['header fields', 'HTTP/1.1 200 OK\r\n', 'a: b\r\n'.repeat(200)],
  ]) {
    it(`get 500 for ${name}`, async () => {
      proxy = await startProxy(endless(first!, piece!));
      const client = await proxy.client();
      client.write(GET);
      await client.untilText('HTTP/1.1 500 ');
      await proxy.server.until(({ connections }) => connections[0]!.ended, 'the end of the server');
      await proxy.untilQuiet();
    });
  }

  for (const [name, first, piece] of [
    ['chunk extensions', '1;', 'a'.repeat(10_000)],
    ['extensions of many chunks', '', `1;${'e'.repeat(100)}\r\nx\r\n`],
    ['a chunk size', '', '0'.repeat(1_000)],
    ['a trailer section', '0\r\n', `X-${'a'.repeat(50)}: b\r\n`],
  ]) {
    it(`are cut off for ${name}`, async () => {
      proxy = await startProxy(endless(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${first}`, piece!));
      const client = await proxy.client();
      client.write(GET);
      await client.untilEnd();
      assert.ok(!client.received.endsWith('0\r\n\r\n'));
      await proxy.server.until(({ connections }) => connections[0]!.ended, 'the end of the server');
      await proxy.untilQuiet();
    });
  }
});

describe('endless clients', () => {
  for (const [name, first, piece, status] of [
    ['a method', '', 'A'.repeat(10_000), 431],
    ['a target', 'GET /', 'a'.repeat(10_000), 414],
    ['a header line', 'GET / HTTP/1.1\r\nHost: h\r\nX: ', 'a'.repeat(10_000), 431],
    ['header fields', 'GET / HTTP/1.1\r\nHost: h\r\n', 'a: b\r\n'.repeat(100), 431],
    ['chunk extensions', 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;', 'a'.repeat(10_000), 400],
    ['trailers', 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n', 'a: b\r\n'.repeat(100), 400],
  ] as const) {
    it(`get ${status} for ${name}`, async () => {
      proxy = await startProxy(() => {});
      const client = await proxy.client();
      client.write(first);
      void fill(client.socket, Buffer.from(piece), () => client.ended);
      await client.untilText('HTTP/1.1 ');
      assert.match(client.received, new RegExp(`^HTTP/1\\.1 ${status} `));
      await client.untilEnd();
      await proxy.untilQuiet();
    });
  }
});
