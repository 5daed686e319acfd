// TLS material on its way into force: mails, reading out of real sealed memory, and the order in which it and snapshots apply.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closeDescriptor, createSharedMemory, mapWritable, seal, unmap } from '@sluice/native';
import type { TlsMaterial } from '@sluice/routing';
import { readTlsMaterial } from './read-tls-material.ts';
import { TlsIntake } from './tls-intake.ts';
import { takeWorkerMails } from './worker-mails.ts';

function materialOf(number: number): TlsMaterial {
  const tables = { certificates: [], exact: {}, wildcard: {}, defaultCertificate: -1, optionSets: [] };
  return { number, tables, keyPairs: {}, staples: {}, ticketKeys: [], transports: {}, systemAuthorities: '' };
}

function memoryOf(text: string, isSealed = true): number {
  const content = Buffer.from(text);
  const { descriptor } = createSharedMemory('test-tls', content.length);
  const map = mapWritable(descriptor);
  new Uint8Array(map).set(content);
  unmap(map);
  if (isSealed) seal(descriptor);
  return descriptor;
}

test('material is read out of sealed memory; anything else is refused without a word of its content', (context) => {
  const good = { ...materialOf(3), keyPairs: { a: { chain: 'c', key: 'SECRET' } } };
  const of = (text: string, isSealed?: boolean) => {
    const descriptor = memoryOf(text, isSealed);
    context.after(() => closeDescriptor(descriptor));
    return () => readTlsMaterial(descriptor, 3);
  };
  assert.deepEqual(of(JSON.stringify(good))(), good);
  const text = JSON.stringify(good);
  for (const [refused, reason] of [
    [of(text, false), /not sealed/],
    [of(text.replace('"number":3', '"number":4')), /holds TLS material 4, number 3 was announced/],
    [of(text.slice(0, -9)), /cannot be read/],
    [of('{"number":3}'), /no TLS material/],
    [of('null'), /no TLS material/],
  ] as const) {
    assert.throws(refused, (error: Error) => reason.test(error.message) && !error.message.includes('SECRET'));
  }
});

test('mails: a snapshot, material, or both in this order; others are dropped with their descriptors', () => {
  const mail = (payload: unknown, count: number) => ({
    payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    descriptors: Array.from({ length: count }, () => memoryOf('x')),
  });
  const good = [mail({ revision: 1 }, 1), mail({ revision: 2, tls: 7 }, 2), mail({ tls: 8 }, 1)];
  const bad = [mail({ revision: 1 }, 2), mail({ revision: 2, tls: 7 }, 1), mail({}, 1), mail('x', 1), mail({}, 0)];
  const queue = [...good, ...bad];
  const [a, b, c] = good.map(({ descriptors }) => descriptors);
  assert.deepEqual(takeWorkerMails({ take: () => queue.shift() }), [
    { snapshot: { revision: 1, descriptor: a![0] } },
    { snapshot: { revision: 2, descriptor: b![0] }, tls: { number: 7, descriptor: b![1] } },
    { tls: { number: 8, descriptor: c![0] } },
  ]);
  for (const { descriptors } of bad) {
    for (const descriptor of descriptors) assert.throws(() => closeDescriptor(descriptor), { code: 'EBADF' });
  }
  for (const { descriptors } of good) descriptors.forEach(closeDescriptor);
});

test('material comes into force with its snapshot; one that is known is not read again; old ones are forgotten', () => {
  const read: number[] = [];
  const closed: number[] = [];
  const installed: number[] = [];
  const intake = new TlsIntake({
    read: (_, number) => {
      if (number === 4) throw new Error('damaged');
      read.push(number);
      return materialOf(number);
    },
    closeDescriptor: (descriptor) => closed.push(descriptor),
    install: ({ number }) => installed.push(number),
  });
  intake.accept(1, 11);
  intake.accept(1, 12);
  assert.deepEqual([read, installed, intake.number], [[1], [], -1]);
  intake.apply(1);
  intake.apply(1);
  assert.deepEqual([installed, intake.number], [[1], 1]);
  intake.accept(2, 13);
  intake.accept(3, 14);
  assert.throws(() => intake.accept(4, 15), /damaged/);
  intake.apply(2);
  assert.deepEqual(installed, [1, 2], 'a newer one waits for its own snapshot');
  intake.accept(5, 16);
  intake.accept(2, 17);
  intake.applyAll();
  assert.deepEqual(
    [installed, read, closed],
    [
      [1, 2, 5],
      [1, 2, 3, 5],
      [11, 12, 13, 14, 15, 16, 17],
    ],
  );
});
