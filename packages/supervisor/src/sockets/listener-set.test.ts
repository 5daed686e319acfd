// Which sockets each slot gets, from all the places they can come from, and that none is left open.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  adoptDatagramSocket,
  closeDescriptor,
  createDatagramSocket,
  createListeningSocket,
  duplicateDescriptor,
} from '@sluice/native';
import { freePort } from '../../../../test/support/free-port.ts';
import { freeUdpPort } from '../../../../test/support/free-udp-port.ts';
import { bindTargetOf } from './bind-entry-point.ts';
import type { BoundSocket } from './bound-socket.ts';
import { type EntryPointSockets, ListenerSet } from './listener-set.ts';

async function plan(address: string, parts: Partial<EntryPointSockets> = {}): Promise<EntryPointSockets> {
  return { target: await bindTargetOf('web', address), reusePort: false, passed: [], takenOver: [], ...parts };
}

function open(context: TestContext, slots: number, ...plans: EntryPointSockets[]): ListenerSet {
  const set = ListenerSet.open(slots, plans);
  context.after(() => set.close());
  return set;
}

/** Sockets by identity, per slot. */
function inodes(set: ListenerSet, slots: number): number[][] {
  return Array.from({ length: slots }, (_, slot) =>
    set.ofSlot(slot).map(({ descriptor }) => fstatSync(descriptor).ino),
  );
}

function isOpen({ descriptor }: BoundSocket): boolean {
  try {
    fstatSync(descriptor);
    return true;
  } catch {
    return false;
  }
}

test('each slot has a socket of its own on the same port', async (context) => {
  const set = open(context, 3, await plan('127.0.0.1:0'));
  assert.equal(new Set(inodes(set, 3).flat()).size, 3);
  assert.notEqual(set.addressOf('web')!.port, 0);
});

test('an address somebody else listens on is refused, also one of another entry point', async () => {
  const port = await freePort();
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const busy = await plan(`127.0.0.1:${port}`);
  assert.throws(() => ListenerSet.open(1, [busy]), /"web" cannot listen on "127\.0\.0\.1:\d+": the address is in use/);
  server.close();
  await once(server, 'close');
  const other = { ...busy, target: await bindTargetOf('other', `127.0.0.1:${port}`) };
  assert.throws(() => ListenerSet.open(1, [busy, other]), /"other" cannot listen/);
});

test('with reusePort another program on the address is fine if it allows that', async (context) => {
  const foreign = createListeningSocket({ host: '127.0.0.1', port: 0 });
  context.after(() => closeDescriptor(foreign.descriptor));
  const address = `127.0.0.1:${foreign.port}`;
  open(context, 2, await plan(address, { reusePort: true }));
  const alone = await plan(address);
  assert.throws(() => ListenerSet.open(1, [alone]), /in use/);
});

function unwanted(port: number): EntryPointSockets {
  const target = {
    entryPoint: 'other',
    address: `127.0.0.1:${port}`,
    host: '127.0.0.1',
    port,
    protocol: 'tcp',
  } as const;
  return { target, reusePort: false, passed: [], takenOver: [] };
}

test('sockets taken over: every one has a slot, slots without get new ones beside them', async (context) => {
  const sockets = [0, 0, 0].map(() => createListeningSocket({ host: '127.0.0.1', port: 0 }));
  const port = sockets[0]!.port;
  const same = [sockets[0]!, ...[1, 2].map(() => createListeningSocket({ host: '127.0.0.1', port }))];
  const fewer = open(context, 2, await plan(`127.0.0.1:${port}`, { takenOver: same }));
  assert.deepEqual(
    inodes(fewer, 2).map((list) => list.length),
    [2, 1],
  );
  const more = open(context, 3, await plan('127.0.0.1:0', { takenOver: [sockets[1]!] }));
  assert.equal(new Set(inodes(more, 3).flat()).size, 3);
  assert.equal(more.addressOf('web')!.port, sockets[1]!.port);
  open(context, 1, await plan('127.0.0.1:0', { takenOver: [sockets[2]!] }));
});

test('a passed socket is shared by all slots; where the kernel allows no second one, so is one taken over', async (context) => {
  const alone = () => createListeningSocket({ host: '127.0.0.1', port: 0, reusePort: false });
  const passed = open(context, 3, await plan('127.0.0.1:0', { passed: [alone()] }));
  assert.equal(new Set(inodes(passed, 3).flat()).size, 1);
  const taken = alone();
  const set = open(context, 3, await plan(`127.0.0.1:${taken.port}`, { takenOver: [taken] }));
  assert.equal(new Set(inodes(set, 3).flat()).size, 1);
});

test('the same socket under two numbers counts once; the second number is closed', async (context) => {
  const socket = createListeningSocket({ host: '127.0.0.1', port: 0 });
  const copy = { ...socket, descriptor: duplicateDescriptor(socket.descriptor) };
  const set = open(context, 1, await plan('127.0.0.1:0', { passed: [socket], takenOver: [copy] }));
  assert.equal(set.ofSlot(0).length, 1);
  assert.ok(!isOpen(copy));
});

test('close gives up everything; a failure too', async () => {
  const socket = createListeningSocket({ host: '127.0.0.1', port: 0 });
  const other = createListeningSocket({ host: '127.0.0.1', port: 0, reusePort: false });
  const plans = [await plan('127.0.0.1:0', { takenOver: [socket] }), unwanted(other.port)];
  assert.throws(() => ListenerSet.open(2, plans), /in use/);
  assert.ok(!isOpen(socket));
  const set = ListenerSet.open(1, [await plan(`127.0.0.1:${other.port}`, { takenOver: [other] })]);
  set.close();
  assert.ok(!isOpen(other));
});

test('addresses that cannot be: one sentence each', async () => {
  await assert.rejects(bindTargetOf('web', 'host.invalid:80'), /the host is not known/);
  assert.throws(
    () => ListenerSet.open(1, [{ ...unwanted(1), target: { ...unwanted(1).target, host: '192.0.2.1' } }]),
    /cannot listen/,
  );
});

test('UDP: a socket for each slot, beside TCP on the same port; an address in use is refused', async (context) => {
  const set = open(context, 3, await plan(`127.0.0.1:${await freeUdpPort()}/udp`));
  assert.equal(new Set(inodes(set, 3).flat()).size, 3);
  const { port } = set.addressOf('web')!;
  for (let slot = 0; slot < 3; slot++) {
    assert.equal(adoptDatagramSocket(set.ofSlot(slot)[0]!.descriptor).port, port);
  }
  const target = { ...unwanted(port).target, protocol: 'udp' } as const;
  assert.throws(() => ListenerSet.open(1, [{ ...unwanted(port), target }]), /"other" cannot listen on .*in use/);
  open(context, 2, unwanted(port));
});

test('UDP: nobody shares a socket, as a client must have one reader', async (context) => {
  const alone = createDatagramSocket({ host: '127.0.0.1', port: 0, reusePort: false });
  const passed = open(context, 3, await plan(`127.0.0.1:${alone.port}/udp`, { passed: [alone] }));
  assert.deepEqual(
    inodes(passed, 3).map((list) => list.length),
    [1, 0, 0],
  );
  const shared = createDatagramSocket({ host: '127.0.0.1', port: 0 });
  const beside = open(context, 3, await plan(`127.0.0.1:${shared.port}/udp`, { takenOver: [shared] }));
  assert.equal(new Set(inodes(beside, 3).flat()).size, 3);
});
