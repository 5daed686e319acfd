// Two workers that share their clients, in one process so that the kernel has no say: everybody connects to the first one.
// What is handed over is served as by the one that accepted it; what cannot be stays.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { closeDescriptor, createConnectionMailbox } from '@sluice/native';
import { ControlBlock, SlotState } from '@sluice/shared-state';
import { type ProxyOptions, ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';
import { RawClient } from '../src/testing/raw-client.ts';
import { answerHeads } from '../src/testing/raw-server.ts';

const SLOTS = 2;
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function startPair(options: ProxyOptions = {}, receives = true) {
  const control = ControlBlock.create(new ArrayBuffer(ControlBlock.byteLength(SLOTS)), SLOTS);
  for (let slot = 0; slot < SLOTS; slot++) control.setSlotState(slot, SlotState.SERVING);
  const mailboxes = Array.from({ length: SLOTS }, createConnectionMailbox);
  ends.push(() => {
    for (const { send } of mailboxes) closeDescriptor(send);
  });
  const node = { supervised: true };
  const balance = { control, mailboxes: mailboxes.map(({ send }) => send), isSupervised: () => node.supervised };
  const first = await startProxy(answerHeads(OK), { ...options, balance });
  ends.push(() => first.close());
  const second = new ProxyUnderTest(first.server, { ...options, balance }, first);
  ends.push(() => second.close());
  first.dataplane.receive(mailboxes[0]!.receive);
  let received = false;
  const receive = () => {
    second.dataplane.receive(mailboxes[1]!.receive);
    received = true;
  };
  ends.push(() => {
    if (!received) closeDescriptor(mailboxes[1]!.receive);
  });
  if (receives) receive();
  const { load } = first.limits;
  const counts = () => [load.clients(0), load.clients(1)] as const;
  const settled = (clients: number) =>
    first.server.until(() => counts()[0] + counts()[1] === clients, `${clients} clients, not ${counts()}`);
  return { first, second, control, node, load, counts, settled, receive };
}

async function ask(client: RawClient): Promise<void> {
  client.received = '';
  client.write(GET);
  await client.untilText('ok');
}

async function clients(proxy: ProxyUnderTest, count: number): Promise<RawClient[]> {
  const all: RawClient[] = [];
  for (let i = 0; i < count; i++) all.push(await proxy.client());
  return all;
}

describe('clients of two workers', () => {
  it('are shared evenly though all come to one; each is served, and every count comes back', async () => {
    const { first, second, counts, settled, load } = await startPair({ metrics: {} });
    const all = await clients(first, 64);
    await settled(64);
    const [most, least] = [Math.max(...counts()), Math.min(...counts())];
    assert.ok(least >= 28 && most <= 36, `${counts()}`);
    await Promise.all(all.map(ask));
    await Promise.all(all.map(ask));
    assert.equal(second.dataplane.connectionCount > least, true);
    for (const client of all) client.close();
    await settled(0);
    assert.deepEqual([load.arriving(0), load.arriving(1)], [0, 0]);
  });

  it('may have sent requests before they are handed over', async () => {
    const { first, settled, counts } = await startPair();
    const all = Array.from({ length: 40 }, () => RawClient.open(first.port).then((client) => client.write(GET + GET)));
    const opened = await Promise.all(all);
    ends.push(() => {
      for (const client of opened) client.close();
    });
    for (const client of opened) await client.until((received) => received.split('ok').length === 3);
    await settled(40);
    assert.ok(Math.max(...counts()) <= 24, `${counts()}`);
  });

  it('are known by their own address, and limited over both', async () => {
    const { first, counts, settled } = await startPair({ limits: { maxConnections: 10, maxConnectionsPerClient: 10 } });
    const served = await clients(first, 10);
    await settled(10);
    await Promise.all(served.map(ask));
    for (let i = 0; i < 10; i++) {
      // The reset may come before the client knows that it is connected.
      const refused = await RawClient.open(first.port).catch(() => undefined);
      await refused?.untilEnd();
    }
    assert.ok(Math.min(...counts()) >= 3, `${counts()}`);
    assert.equal(first.limits.entryPoints.sum(0), 10);
    const forwarded = first.server.connections.map(({ received }) => received).join('');
    assert.match(forwarded, /X-Forwarded-For: 127\.0\.0\.1\r\n/i);
    for (const client of served) client.close();
    await settled(0);
    assert.equal(first.limits.entryPoints.sum(0), 0);
  });

  it('time out as those that were accepted', async () => {
    const { first, settled } = await startPair({ respondingTimeouts: { readTimeout: 2_000, idleTimeout: 2_000 } });
    const all = await clients(first, 12);
    await settled(12);
    await Promise.all(all.map((client) => client.untilEnd()));
    await settled(0);
  });

  it('wait for the other worker, or its successor, to take them', async () => {
    const { first, load, receive, settled } = await startPair({}, false);
    const all = await clients(first, 20);
    await first.server.until(() => load.clients(0) + load.arriving(1) === 20, 'all accepted');
    assert.ok(load.arriving(1) >= 8);
    const answers = all.map(ask);
    await sleep(50);
    assert.equal(load.clients(1), 0);
    receive();
    await Promise.all(answers);
    await settled(20);
    assert.equal(load.arriving(1), 0);
  });
});

describe('a worker keeps its clients', () => {
  const keepsAll = async (pair: Awaited<ReturnType<typeof startPair>>, count = 20) => {
    const all = await clients(pair.first, count);
    await Promise.all(all.map(ask));
    assert.deepEqual([...pair.counts(), pair.load.arriving(1)], [count, 0, 0]);
  };

  it('when the other one leaves, starts, or is gone', async () => {
    const pair = await startPair();
    let clientsNow = 0;
    for (const state of [SlotState.EMPTY, SlotState.STARTING, SlotState.DRAINING, SlotState.LEFT]) {
      pair.control.setSlotState(1, state);
      await Promise.all((await clients(pair.first, 6)).map(ask));
      clientsNow += 6;
      assert.deepEqual(pair.counts(), [clientsNow, 0]);
    }
  });

  it('when it leaves itself', async () => {
    const pair = await startPair();
    pair.control.setSlotState(0, SlotState.DRAINING);
    await keepsAll(pair);
  });

  it('without a supervisor', async () => {
    const pair = await startPair();
    pair.node.supervised = false;
    await keepsAll(pair);
  });

  it('when the other one is full', async () => {
    const pair = await startPair({ clientsMax: 6 });
    pair.load.addClients(1, 6);
    const all = await clients(pair.first, 6);
    await Promise.all(all.map(ask));
    assert.deepEqual(pair.counts(), [6, 6]);
    pair.load.addClients(1, -6);
  });

  it('when the other one does not take what it was sent; a number left by a crash is forgotten in time', async () => {
    const pair = await startPair({}, false);
    pair.load.addArriving(1, 64);
    const all = await clients(pair.first, 70);
    await pair.first.server.until(() => pair.counts()[0] === 70, 'all kept');
    await Promise.all(all.map(ask));
    pair.load.addArriving(1, -64);
    pair.receive();
    const more = await pair.first.client();
    await ask(more);
    assert.equal(pair.counts()[1], 1);
  });

  it('beyond its budget, so that short connections do not travel for nothing', async () => {
    const pair = await startPair();
    // To the other worker everything looks emptier, always.
    pair.load.addClients(0, 1000);
    let given = 0;
    const started = performance.now();
    for (let i = 0; i < 500; i++) {
      const before = pair.load.clients(0);
      const client = await RawClient.open(pair.first.port);
      await ask(client);
      if (pair.load.clients(0) === before) given++;
      client.close();
      await pair.settled(1000);
    }
    const allowed = 256 + 500 / 32 + (performance.now() - started) / 10;
    assert.ok(given >= 256 && given <= allowed + 1, `${given} of 500, ${allowed} allowed`);
    pair.load.addClients(0, -1000);
  });
});

it('a worker that drains serves what is on its way, and leaves no descriptor behind', async () => {
  const before = readdirSync('/proc/self/fd').length;
  const pair = await startPair({}, false);
  const all = await clients(pair.first, 12);
  await pair.first.server.until(() => pair.load.arriving(1) > 0, 'some are on their way');
  pair.control.setSlotState(1, SlotState.DRAINING);
  const drained = pair.second.dataplane.drain(0, 20_000);
  await sleep(20);
  pair.receive();
  await Promise.all(all.map(ask));
  await drained;
  assert.deepEqual([pair.load.clients(1), pair.load.arriving(1)], [0, 0]);
  for (const end of ends.splice(0).reverse()) await end();
  for (let turn = 0; turn < 2_000 && readdirSync('/proc/self/fd').length > before; turn++) await sleep(5);
  assert.ok(readdirSync('/proc/self/fd').length <= before);
});
