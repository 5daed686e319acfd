// QUIC connections passed through by the server name in their first packets: in one datagram or several, from a client that moves, and
// what only looks like it. Packets are sealed as RFC 9001 says; servers answer with long headers that have a connection id.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { alpnExtension, cryptoFrame, helloMessage, sealInitial, serverNameExtension } from '@sluice/protocols/testing';
import { type UdpPeer, UdpPeers, until } from '../../src/testing/udp-peers.ts';
import { type UdpOptions, UdpUnderTest } from '../../src/testing/udp-under-test.ts';

const SERVER_ID = Buffer.from('5e5e5e5e5e5e5e5e5e5e', 'hex');

let peers: UdpPeers;
let worker: UdpUnderTest | undefined;

beforeEach(() => {
  peers = new UdpPeers();
});
afterEach(async () => {
  worker?.close();
  worker = undefined;
  await peers.close();
});

/** Of the wire: an Initial packet's worth of a hello each. */
function initials(
  name: string,
  pieces = 1,
  destinationId = Buffer.from(`id-of-${name}`.padEnd(12, '.').slice(0, 12)),
): Buffer[] {
  const padding = pieces === 1 ? [] : [[51, Buffer.alloc(1_000 * (pieces - 1), 7)] as const];
  const message = helloMessage({ extensions: [...padding, serverNameExtension(name), alpnExtension('h3')] });
  const size = Math.ceil(message.length / pieces);
  return Array.from({ length: pieces }, (_, number) => {
    const frames = cryptoFrame(number * size, message.subarray(number * size, (number + 1) * size));
    return sealInitial({ frames, number, destinationId });
  });
}

/** A packet with a short header. */
function short(id: Buffer, text: string): Buffer {
  return Buffer.concat([Buffer.of(0x40), id, Buffer.from(text)]);
}

/** Answers with `<name>` in a long header whose source id is SERVER_ID. */
function quicServer(name: string): Promise<UdpPeer> {
  const ids = Buffer.concat([Buffer.of(0), Buffer.of(SERVER_ID.length), SERVER_ID]);
  const handshake = Buffer.concat([
    Buffer.of(0xe0, 0, 0, 0, 1),
    ids,
    Buffer.of(0x05),
    Buffer.from(name.padEnd(5, ' ')),
  ]);
  return peers.server(name, () => handshake);
}

const nameIn = (answer: string) => answer.slice(-5).trim();

async function start(options?: UdpOptions): Promise<{ port: number; a: UdpPeer; b: UdpPeer; rest: UdpPeer }> {
  const [a, b, rest] = [await quicServer('a'), await quicServer('b'), await peers.server('rest')];
  const service = ({ address }: UdpPeer) => `{ loadBalancer: { servers: [{ address: "${address}" }] } }`;
  worker = new UdpUnderTest(
    `{ routers: { a: { rule: "HostSNI(\`a.example\`)", service: a }, b: { rule: "HostSNI(\`*.b.example\`)", service: b },
      rest: { rule: "HostSNI(\`*\`)", service: rest } },
      services: { a: ${service(a)}, b: ${service(b)}, rest: ${service(rest)} } }`,
    options,
  );
  return { port: worker.port, a, b, rest };
}

describe('QUIC by server name', () => {
  it('in one datagram', async () => {
    const { port } = await start();
    const client = await peers.open();
    assert.equal(nameIn(await client.ask(initials('a.example')[0]!, port)), 'a');
    assert.equal(nameIn(await (await peers.open()).ask(initials('x.b.example')[0]!, port)), 'b');
    assert.match(await (await peers.open()).ask(initials('c.example')[0]!, port), /^rest:/);
    assert.equal(nameIn(await client.ask(short(SERVER_ID, 'x'), port)), 'a', 'later packets belong to the flow');
  });

  it('in several datagrams, in any order, all of which the server gets', async () => {
    const { port, a } = await start();
    const client = await peers.open();
    const [first, second, third] = initials('a.example', 3);
    client.send(third!, port);
    client.send(first!, port);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(a.seen.length, 0, 'nothing is decided before the name is there');
    assert.equal(nameIn(await client.ask(second!, port)), 'a');
    await until('all datagrams', () => a.seen.length === 3);
    assert.deepEqual(
      a.seen.map(({ bytes }) => bytes),
      [third, first, second],
    );
  });

  it('or as everything else when it is something else', async () => {
    const { port } = await start();
    for (const bytes of [
      Buffer.from('plain'),
      short(SERVER_ID, 'of a connection that nobody knows'),
      Buffer.concat([Buffer.of(0xc0, 0x0a, 0x0a, 0x0a, 0x0a), Buffer.alloc(1_300)]),
      Buffer.alloc(1_300, 0xff),
    ]) {
      assert.match(await (await peers.open()).ask(bytes, port), /^rest:/);
    }
  });

  it('is refused when a hello contradicts itself', async () => {
    const { port, a, rest } = await start();
    const client = await peers.open();
    const id = Buffer.from('twelve bytes');
    const frames = (text: string) => cryptoFrame(0, Buffer.from(text));
    client.send(sealInitial({ frames: frames('\x01\x00\x02\x00abc'), destinationId: id }), port);
    client.send(sealInitial({ frames: frames('\x01\x00\x02\x00abd'), destinationId: id, number: 1 }), port);
    await until('a line', () => worker!.lines.length === 1);
    assert.equal(worker!.lines[0]!.code, 'QUIC_HELLO_REFUSED');
    await until('the end of the flow', () => worker!.dataplane.flowCount === 0);
    assert.deepEqual([a.seen.length, rest.seen.length], [0, 0]);
  });

  it('waits for the rest of a hello for some time only', { timeout: 60_000 }, async () => {
    const { port, a } = await start();
    const client = await peers.open();
    client.send(initials('a.example', 2)[0]!, port);
    await until('a flow', () => worker!.dataplane.flowCount === 1);
    await until('its end', () => worker!.dataplane.flowCount === 0);
    assert.equal(a.seen.length, 0);
  });

  it('stays with its server when the client comes from another address', async () => {
    const { port, a } = await start();
    const before = await peers.open();
    await before.ask(initials('a.example')[0]!, port);
    await before.ask(short(SERVER_ID, 'known by now'), port);
    const after = await peers.open();
    assert.equal(nameIn(await after.ask(short(SERVER_ID, 'from elsewhere'), port)), 'a');
    assert.equal(new Set(a.seen.map(({ port: from }) => from)).size, 1, 'the same flow');
    assert.equal(worker!.dataplane.flowCount, 1);
  });

  it('stays with its server when the client moves before the handshake is over', async () => {
    const { port, a } = await start();
    const before = await peers.open();
    await before.ask(initials('a.example')[0]!, port);
    const after = await peers.open();
    const handshake = Buffer.concat([Buffer.of(0xe0, 0, 0, 0, 1, SERVER_ID.length), SERVER_ID, Buffer.alloc(40)]);
    assert.equal(nameIn(await after.ask(handshake, port)), 'a');
    assert.equal(new Set(a.seen.map(({ port: from }) => from)).size, 1, 'the same flow');
    assert.equal(worker!.dataplane.flowCount, 1);
  });

  it('stays with its server where both sides leave out the bit that says QUIC (RFC 9287)', async () => {
    const ids = Buffer.concat([Buffer.of(0), Buffer.of(SERVER_ID.length), SERVER_ID]);
    const server = await peers.server('a', () =>
      Buffer.concat([Buffer.of(0xa0, 0, 0, 0, 1), ids, Buffer.of(0x05), Buffer.from('a    ')]),
    );
    worker = new UdpUnderTest(`{ routers: { a: { rule: "HostSNI(\`a.example\`)", service: a } },
      services: { a: { loadBalancer: { servers: [{ address: "${server.address}" }] } } } }`);
    await (await peers.open()).ask(initials('a.example')[0]!, worker.port);
    const after = await peers.open();
    const packet = short(SERVER_ID, 'from elsewhere');
    packet[0] = 0x1f;
    assert.equal(nameIn(await after.ask(packet, worker.port)), 'a');
    assert.equal(worker.dataplane.flowCount, 1);
  });

  it('is known again also where no router asks for a name', async () => {
    const [one, two] = [await quicServer('one'), await quicServer('two')];
    const servers = [one, two].map(({ address }) => `{ address: "${address}" }`).join(', ');
    worker = new UdpUnderTest(
      `{ routers: { all: { service: s } }, services: { s: { loadBalancer: { servers: [${servers}] } } } }`,
    );
    const before = await peers.open();
    const first = nameIn(await before.ask(initials('a.example')[0]!, worker.port));
    for (let i = 0; i < 3; i++) {
      const after = await peers.open();
      assert.equal(nameIn(await after.ask(short(SERVER_ID, 'from elsewhere'), worker.port)), first);
    }
    assert.equal(worker.dataplane.flowCount, 1);
  });

  it('does not take over a flow with an id that no server has given', async () => {
    const { port, rest } = await start();
    await (await peers.open()).ask(initials('a.example')[0]!, port);
    const other = await peers.open();
    assert.match(await other.ask(short(Buffer.alloc(10, 1), 'guessed'), port), /^rest:/);
    assert.equal(rest.seen.length, 1);
  });
});
