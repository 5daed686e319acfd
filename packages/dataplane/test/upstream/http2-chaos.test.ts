// Servers of HTTP/2 that do anything at any time, and clients that leave: whatever happens, nothing is left behind, and every
// request is answered or cut off.

import assert from 'node:assert/strict';
import http2 from 'node:http2';
import type { Socket } from 'node:net';
import { afterEach, it } from 'node:test';
import { closeAll, type Http2Handler, h2cServer, h2Server, proxyTo } from '../support/secure-servers.ts';

afterEach(closeAll);

const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;

/** A generator that gives the same numbers each time (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function moody(random: (below: number) => number, sockets: Set<Socket>): Http2Handler {
  return (stream) => {
    const act = (): void => {
      if (stream.destroyed) return;
      const mood = random(40);
      if (mood === 0) setImmediate(() => [...sockets][0]?.destroy());
      else if (mood === 1) stream.session?.goaway(0);
      else if (mood === 2) stream.session?.close();
      else if (mood < 5) stream.close(NGHTTP2_REFUSED_STREAM);
      else if (mood < 7) stream.close(NGHTTP2_INTERNAL_ERROR);
      else if (mood < 9) stream.respond({ ':status': 200 }, { endStream: true });
      else if (mood < 11) stream.respond({ ':status': 413, 'content-length': '100' });
      else {
        stream.respond({ ':status': 200 });
        stream.write('a'.repeat(random(200_000)));
        if (mood < 14) stream.close(NGHTTP2_CANCEL);
        else if (mood < 30) stream.pipe(stream);
        else stream.end();
      }
    };
    if (random(2) === 0) act();
    else setTimeout(act, random(10));
    // Destroying streams, rather than closing them, can crash this Node.
    setTimeout(() => stream.closed || stream.close(NGHTTP2_CANCEL), 200);
  };
}

for (const [name, start, transport] of [
  ['h2c', h2cServer, {}],
  ['h2c, few connections', h2cServer, { maxConnsPerServer: 3 }],
  ['https', h2Server, {}],
] as const) {
  it(`nothing is left behind, ${name}`, async () => {
    const random = randomFrom(name.length);
    const sockets = new Set<Socket>();
    const { url, server } = await start(moody(random, sockets));
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    const proxy = await proxyTo(url, undefined, { transport });
    let ended = 0;
    const one = async (): Promise<void> => {
      const client = await proxy.client();
      const size = random(3) === 0 ? random(300_000) : 0;
      const length = size > 0 ? `Content-Length: ${size}\r\n` : '';
      client.write(`${size > 0 ? 'POST' : 'GET'} / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n${length}\r\n`);
      if (size > 0) client.write('b'.repeat(random(5) === 0 ? size >> 1 : size));
      if (random(6) === 0) setTimeout(() => client.close(), random(20));
      if (size > 0) setTimeout(() => client.close(), 400);
      await client.untilEnd();
      client.close();
      ended++;
    };
    for (let round = 0; round < 8; round++) {
      await Promise.all(Array.from({ length: 40 }, one));
    }
    assert.equal(ended, 320);
    await proxy.untilQuiet();
    await proxy.server.until(() => proxy.dataplane.bufferedBytes === 0, 'the end of what is kept');
    assert.equal(proxy.dataplane.refusedCommands, 0);
  });
}
