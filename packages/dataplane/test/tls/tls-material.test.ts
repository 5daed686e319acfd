// New TLS material in a worker that serves: in force for the next handshake, never in the way of one under way, and nothing of it
// can take away what was there before.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { afterEach, it } from 'node:test';
import tls from 'node:tls';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import { answerHeads } from '../../src/testing/raw-server.ts';
import { authority, certificate, material, NAME, optionSet, ticketKey } from '../support/made-tls.ts';
import { ask, closeClients, rawSocket, secured, tlsSocket } from '../support/tls-clients.ts';

let proxy: ProxyUnderTest;
afterEach(async () => {
  closeClients();
  await proxy.close();
});

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = `GET / HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`;
const start = async (made = material()) => {
  proxy = await startProxy(answerHeads(OK), { tls: made, routerTls: '{}' });
};

it('a certificate is replaced a hundred times while clients come, and none of them fails', async () => {
  const made = [certificate([NAME]), certificate([NAME]), certificate([NAME], 'rsa')];
  await start(material({ certificates: [made[0]] }));
  let isSwapping = true;
  const seen = new Set<string>();
  const visit = async () => {
    for (let visits = 0; isSwapping || visits === 0; visits++) {
      const socket = await secured(proxy.port);
      seen.add(socket.getPeerX509Certificate()!.raw.toString('hex'));
      assert.match(await ask(socket, GET, 'ok'), / 200 /);
      socket.destroy();
    }
  };
  const kept = await secured(proxy.port);
  const visitors = Array.from({ length: 8 }, visit);
  let swap = 0;
  // On a busy machine fewer clients come meanwhile.
  while (swap < 100 || (seen.size < 3 && swap < 3_000)) {
    proxy.dataplane.installTls(material({ certificates: [made[++swap % 3]], ticketKeys: [ticketKey()] }));
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  isSwapping = false;
  await Promise.all(visitors);
  assert.equal(seen.size, 3);
  assert.match(await ask(kept, GET, 'ok'), / 200 /, 'the one from before');
  assert.deepEqual(proxy.details, []);
  const last = await secured(proxy.port);
  assert.deepEqual(last.getPeerX509Certificate()!.raw, made[swap % 3].issued.der);
});

it('a handshake under way ends under the options that it began with', async () => {
  await start();
  const socket = await rawSocket(proxy.port);
  const wire = new Duplex({
    read: () => {},
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
  });
  const client = tls.connect({ socket: wire, servername: NAME, ca: authority.chain });
  const [answer] = (await once(socket, 'data')) as [Buffer];
  proxy.dataplane.installTls(material({ optionSets: [optionSet('other@file')] }));
  socket.on('data', (chunk: Buffer) => wire.push(chunk));
  const done = once(client, 'secureConnect');
  wire.push(answer);
  await done;
  assert.match(await ask(client, GET, 'ok'), / 200 /);
  client.destroy();
  await assert.rejects(secured(proxy.port), 'the next one finds no options');
});

it('OCSP responses are sent to clients that ask, as the newest material has them', async () => {
  const made = certificate([NAME]);
  const stapled = async (): Promise<string | undefined> => {
    // Missing in the types of Node.
    const asking: object = { requestOCSP: true };
    const socket = tlsSocket(proxy.port, asking);
    let response: string | undefined;
    socket.on('OCSPResponse', (bytes: Buffer | null) => {
      response = bytes?.toString();
    });
    await once(socket, 'secureConnect');
    return response;
  };
  const staple = (text: string) => ({ [made.id]: Buffer.from(text).toString('base64') });
  await start(material({ certificates: [made], staples: staple('good') }));
  assert.equal(await stapled(), 'good');
  proxy.dataplane.installTls(material({ certificates: [made], staples: staple('better') }));
  assert.equal(await stapled(), 'better');
  proxy.dataplane.installTls(material({ certificates: [made] }));
  assert.equal(await stapled(), undefined);
});

it('with keys that are none it is refused, and what was in force stays so', async () => {
  await start();
  assert.throws(() => proxy.dataplane.installTls(material({ ticketKeys: [Buffer.alloc(79)] })), /80 bytes/);
  assert.throws(
    () => proxy.dataplane.installTls(material({ ticketKeys: Array.from({ length: 17 }, ticketKey) })),
    /16/,
  );
  assert.match(await ask(await secured(proxy.port), GET, 'ok'), / 200 /);
});
