// QUIC clients that come from other addresses to whole nodes: whichever worker the kernel gives them to, they stay with their server,
// also when the worker that had them is dead, or their flow was forgotten. Servers and clients are no more than their packets' heads.

import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { it, type TestContext } from 'node:test';
import { cryptoFrame, helloMessage, sealInitial, serverNameExtension } from '@sluice/protocols/testing';
import { freeUdpPort } from '../support/free-udp-port.ts';
import { SluiceSite } from '../support/sluice-site.ts';

const NAMES = ['a', 'b'] as const;
/** Enough that every worker gets some. */
const MOVES = 12;
const WORKERS = 3;
const ASK_AGAIN_MS = 500;
const ATTEMPTS = 20;

const idOf = (name: string) => Buffer.from(`id of ${name}`.padEnd(10, '.'));

/** Answers long headers with one that has its id, and everything else with its name. */
async function quicServer(context: TestContext, name: string): Promise<string> {
  const id = idOf(name);
  const handshake = Buffer.concat([
    Buffer.of(0xe0, 0, 0, 0, 1, 0, id.length),
    id,
    Buffer.of(0x05),
    Buffer.from(name.padEnd(5, ' ')),
  ]);
  const socket = dgram.createSocket('udp4');
  context.after(() => socket.close());
  socket.on('message', (bytes, { port, address }) => {
    socket.send((bytes[0]! & 0x80) === 0 ? name : handshake, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return `127.0.0.1:${socket.address().port}`;
}

/** From a port of its own; again while nothing comes. @returns the last five bytes of the answer at most */
async function ask(port: number, packet: Buffer): Promise<string> {
  const socket = dgram.createSocket('udp4');
  try {
    const answer = once(socket, 'message') as Promise<[Buffer]>;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      socket.send(packet, port, '127.0.0.1');
      const late = new Promise<undefined>((resolve) => setTimeout(resolve, ASK_AGAIN_MS, undefined));
      const came = await Promise.race([answer, late]);
      if (came !== undefined) return came[0].subarray(-5).toString().trim();
    }
    throw new Error('no answer');
  } finally {
    socket.close();
  }
}

function initial(name: string): Buffer {
  const message = helloMessage({ extensions: [serverNameExtension(`${name}.example`)] });
  return sealInitial({ frames: cryptoFrame(0, message), destinationId: Buffer.from(`first id of ${name}`) });
}

const short = (name: string) => Buffer.concat([Buffer.of(0x40), idOf(name), Buffer.from('something')]);

it('clients that move stay with their server on every worker, and after each has died', async (context) => {
  const port = await freeUdpPort();
  const site = await SluiceSite.create(context, {
    entryPoints: { quic: { address: `127.0.0.1:${port}/udp`, udp: { timeout: '500ms' } } },
  });
  const routers: Record<string, object> = {};
  const services: Record<string, object> = {};
  for (const name of NAMES) {
    routers[name] = { entryPoints: ['quic'], rule: `HostSNI(\`${name}.example\`)`, service: name };
    services[name] = { loadBalancer: { servers: [{ address: await quicServer(context, name) }] } };
  }
  site.writeDynamic({ udp: { routers, services } });
  const node = await site.serve({ workers: WORKERS });
  for (const name of NAMES) assert.equal(await ask(port, initial(name)), name);
  const moveAll = async () => {
    for (const name of NAMES) {
      const answers = await Promise.all(Array.from({ length: MOVES }, () => ask(port, short(name))));
      assert.deepEqual(new Set(answers), new Set([name]));
    }
  };
  await moveAll();
  const from = node.lines.length;
  const other = { loadBalancer: { servers: [{ address: '127.0.0.1:9' }] } };
  site.writeDynamic({ udp: { routers, services: { other, ...services } } });
  await node.line('configuration published', from);
  await moveAll();
  for (let slot = 0; slot < WORKERS; slot++) {
    const before = node.lines.length;
    process.kill(node.workers.get(slot)!, 'SIGKILL');
    await node.line(({ msg, slot: shown }) => msg === 'worker serves' && shown === slot, before);
  }
  // Nobody of those who have seen the handshakes is left.
  await moveAll();
  assert.deepEqual(
    node.complaints.filter(({ code }) => !code?.startsWith('WORKER_CRASH')),
    [],
  );
});
