import assert from 'node:assert/strict';
import { closeSync, fstatSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Worker } from 'node:worker_threads';
import { runNode } from '../test/child.ts';
import { descriptorFlags, mapCount, O_CLOEXEC, openDescriptorCount } from '../test/kernel-view.ts';
import { closeDescriptor, duplicateDescriptor } from './descriptor.ts';
import {
  createSharedMemory,
  isSealed,
  mapReadOnly,
  mapWritable,
  SHARED_MEMORY_MAX_BYTES,
  seal,
  sealSize,
  unmap,
} from './shared-memory.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Collects and lets finalizers, which run in a later turn, finish. */
async function collect(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await nextTurn();
  }
}

/** Runs with shared memory which is closed afterwards. */
async function withMemory(name: string, bytes: number, use: (descriptor: number) => unknown): Promise<void> {
  const { descriptor } = createSharedMemory(name, bytes);
  try {
    await use(descriptor);
  } finally {
    closeDescriptor(descriptor);
  }
}

test('what is written through one map is read through the others', async () => {
  const memory = createSharedMemory('map-both', 4096);
  assert.equal(memory.name, 'map-both');
  assert.equal(memory.byteLength, 4096);
  assert.equal(descriptorFlags(memory.descriptor) & O_CLOEXEC, O_CLOEXEC);
  const words = new Int32Array(mapWritable(memory.descriptor));
  const other = new Int32Array(mapWritable(memory.descriptor));
  const reader = mapReadOnly(memory.descriptor);
  closeDescriptor(memory.descriptor);
  words[5] = -7;
  assert.equal(Atomics.add(other, 5, 1), -7);
  assert.equal(reader.i32(20), -6);
  assert.equal(reader.byteLength, 4096);
  for (const map of [words.buffer, other.buffer, reader]) assert.equal(unmap(map as ArrayBuffer), true);
  assert.equal(mapCount('map-both'), 0);
});

test('the size can never change', () =>
  withMemory('size', 8192, (descriptor) => {
    assert.throws(() => ftruncateSync(descriptor, 4096), { code: 'EPERM' });
    assert.throws(() => ftruncateSync(descriptor, 16384), { code: 'EPERM' });
    sealSize(descriptor);
    unmap(mapWritable(descriptor));
  }));

test('sealing needs every writable map gone, then nothing can be written again', () =>
  withMemory('sealed', 4096, (descriptor) => {
    const map = mapWritable(descriptor);
    new Uint8Array(map).fill(9);
    assert.throws(() => seal(descriptor), { code: 'EBUSY', message: /still mapped writable.*unmap it first/ });
    unmap(map);
    assert.equal(isSealed(descriptor), false);
    seal(descriptor);
    assert.equal(isSealed(descriptor), true);
    seal(descriptor);
    sealSize(descriptor);
    assert.throws(() => mapWritable(descriptor), { code: 'EPERM', message: /sealed against writing/ });
    assert.throws(() => writeSync(descriptor, 'x'), { code: 'EPERM' });
    const reader = mapReadOnly(descriptor);
    assert.equal(reader.u32(4092), 0x09090909);
    reader.unmap();
  }));

test('use after unmap throws instead of faulting, and unmapping again does nothing', () =>
  withMemory('unmapped', 4096, (descriptor) => {
    const map = mapWritable(descriptor);
    const view = new DataView(map);
    const bytes = new Uint8Array(map);
    assert.equal(unmap(map), true);
    assert.equal(unmap(map), false);
    assert.throws(() => view.getUint8(0), TypeError);
    assert.equal(bytes[0], undefined);
    bytes[0] = 1;
    const reader = mapReadOnly(descriptor);
    const raw = reader.unsafeBytes();
    assert.equal(raw.length, 4096);
    assert.equal(reader.unmap(), true);
    assert.equal(unmap(reader), false);
    assert.equal(reader.byteLength, 0);
    assert.equal(raw.length, 0);
    assert.throws(() => reader.u32(0), TypeError);
    assert.throws(() => reader.latin1(0, 1), RangeError);
    assert.equal(mapCount('unmapped'), 0);
  }));

test('a buffer moved elsewhere takes its pages along', async () => {
  await withMemory('moved', 4096, async (descriptor) => {
    const map = mapWritable(descriptor);
    assert.throws(() => structuredClone(map, { transfer: [map] }), { name: 'DataCloneError' });
    new Uint8Array(map)[0] = 3;
    let moved = (map as ArrayBuffer & { transfer(): ArrayBuffer }).transfer();
    assert.equal(unmap(map), false);
    assert.equal(new Uint8Array(moved)[0], 3);
    assert.throws(() => unmap(moved), { code: 'EINVAL' });
    moved = new ArrayBuffer(0);
  });
  await collect();
  assert.equal(mapCount('moved'), 0);
});

test('a collected map is unmapped, and one unmapped before is not unmapped twice', async () => {
  const { descriptor } = createSharedMemory('collected', 4096);
  const forget = () => void mapWritable(descriptor);
  for (let i = 0; i < 50; i++) forget();
  assert.equal(mapCount('collected'), 50);
  await collect();
  assert.equal(mapCount('collected'), 0);

  // The kernel gives the same addresses out again: a second munmap by a late finalizer would hit these maps.
  const early = Array.from({ length: 50 }, () => mapWritable(descriptor));
  for (const map of early) unmap(map);
  const late = Array.from({ length: 50 }, () => mapReadOnly(descriptor));
  early.length = 0;
  await collect();
  assert.equal(mapCount('collected'), 50);
  for (const map of late) assert.equal(map.u8(4095), 0);
  for (const map of late) map.unmap();
  assert.equal(mapCount('collected'), 0);
  closeDescriptor(descriptor);
});

test('a worker thread makes memory and the main thread maps it', async () => {
  const entry = new URL('./index.ts', import.meta.url).href;
  const worker = new Worker(
    `import('${entry}').then((native) => {
      const { descriptor } = native.createSharedMemory('from-thread', 4096);
      const map = native.mapWritable(descriptor);
      new Uint8Array(map).set(Buffer.from('compiled'));
      native.unmap(map);
      native.seal(descriptor);
      globalThis.kept = native.mapReadOnly(descriptor);
      require('node:worker_threads').parentPort.postMessage(descriptor);
      setInterval(() => {}, 1000);
    });`,
    { eval: true },
  );
  const descriptor = await new Promise<number>((resolve, reject) =>
    worker.once('message', resolve).once('error', reject),
  );
  try {
    assert.equal(mapCount('from-thread'), 1);
    await worker.terminate();
    assert.equal(mapCount('from-thread'), 0);
    const reader = mapReadOnly(descriptor);
    assert.equal(reader.latin1(0, 8), 'compiled');
    reader.unmap();
  } finally {
    closeDescriptor(descriptor);
  }
});

test('processes count together with Atomics', () =>
  withMemory('counters', 4096, async (descriptor) => {
    const rounds = 50_000;
    const words = new Int32Array(mapWritable(descriptor));
    const program = `const words = new Int32Array(native.mapWritable(3));
      Atomics.add(words, 0, 1);
      while (Atomics.load(words, 0) < 2) {}
      for (let i = 0; i < ${rounds}; i++) Atomics.add(words, 1, 1);
      print(native.mapReadOnly(3).byteLength);`;
    const children = await Promise.all([1, 2].map(() => runNode(program, { descriptors: [descriptor] })));
    for (const child of children) assert.equal(child.stdout, '4096\n', child.stderr);
    assert.equal(Atomics.load(words, 1), 2 * rounds);
    unmap(words.buffer);
  }));

test('64 MiB of which little is written takes little memory', () =>
  withMemory('sparse', 64 * 1024 ** 2, (descriptor) => {
    const bytes = new Uint8Array(mapWritable(descriptor));
    assert.equal(fstatSync(descriptor).blocks, 0);
    bytes[1] = 1;
    bytes[bytes.length - 1] = 1;
    const used = fstatSync(descriptor).blocks * 512;
    assert.ok(used > 0 && used <= 128 * 1024, `${used} bytes are in use`);
    unmap(bytes.buffer);
  }));

test('writing through unsafeBytes kills the process', () =>
  withMemory('fault', 4096, async (descriptor) => {
    const child = await runNode(
      `const bytes = native.mapReadOnly(3).unsafeBytes();
       print(bytes[0]);
       bytes[0] = 1;
       print('survived');`,
      { descriptors: [descriptor] },
    );
    assert.equal(child.stdout, '0\n');
    // The address sanitizer reports the fault itself and exits.
    const isFault = child.signal === 'SIGSEGV' || /AddressSanitizer:? SEGV|SEGV on unknown address/.test(child.stderr);
    assert.ok(isFault, `status ${child.status}, signal ${child.signal}, ${child.stderr}`);
  }));

test('what is not sealed shared memory is not mapped', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-shared-memory-'));
  const shared = mkdtempSync('/dev/shm/sluice-shared-memory-');
  const descriptors: number[] = [];
  try {
    writeFileSync(join(folder, 'file'), 'x'.repeat(4096));
    writeFileSync(join(shared, 'file'), 'x'.repeat(4096));
    descriptors.push(openSync(join(folder, 'file'), 'r+'), openSync(join(shared, 'file'), 'r+'), openSync(folder, 'r'));
    for (const descriptor of descriptors) {
      assert.throws(() => mapReadOnly(descriptor), { code: 'EINVAL' });
      assert.throws(() => mapWritable(descriptor), { code: 'EINVAL' });
      assert.equal(isSealed(descriptor), false);
      assert.throws(() => seal(descriptor), { code: /^E(INVAL|PERM)$/ });
    }
    assert.throws(() => mapReadOnly(descriptors[1]!), { message: /its size is not sealed/ });
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor);
    rmSync(folder, { recursive: true });
    rmSync(shared, { recursive: true });
  }
});

test('arguments are checked and nothing leaks when they are refused', () => {
  const before = openDescriptorCount();
  for (const size of [0, -1, 1.5, Number.NaN, SHARED_MEMORY_MAX_BYTES + 1, '1', undefined]) {
    assert.throws(() => createSharedMemory('x', size as number), { code: 'EINVAL', message: /byteLength/ });
  }
  assert.throws(() => createSharedMemory('x\0y', 1), { code: 'EINVAL', message: /name.*NUL/ });
  assert.throws(() => createSharedMemory(1 as unknown as string, 1), { code: 'EINVAL' });
  assert.throws(() => createSharedMemory('x'.repeat(250), 1), { code: 'ENAMETOOLONG' });
  closeDescriptor(createSharedMemory('x'.repeat(249), 1).descriptor);
  for (const call of [mapWritable, mapReadOnly, seal, sealSize, isSealed, closeDescriptor, duplicateDescriptor]) {
    for (const bad of [-1, 1.5, 2 ** 31, '1', undefined, null]) {
      assert.throws(() => call(bad as number), { code: 'EINVAL', message: /descriptor must be/ });
    }
    assert.throws(() => call(0x7fffffff), { code: /^E(BADF|INVAL)$/ });
  }
  for (const bad of [new ArrayBuffer(8), new SharedArrayBuffer(8), {}, undefined]) {
    assert.throws(() => unmap(bad as ArrayBuffer), { code: 'EINVAL' });
  }
  assert.equal(openDescriptorCount(), before);
});

test('descriptors are duplicated and closed', () => {
  const before = openDescriptorCount();
  const { descriptor } = createSharedMemory('duplicate', 4096);
  const copy = duplicateDescriptor(descriptor);
  assert.notEqual(copy, descriptor);
  assert.equal(descriptorFlags(copy) & O_CLOEXEC, O_CLOEXEC);
  closeDescriptor(descriptor);
  assert.throws(() => mapReadOnly(descriptor), { code: 'EBADF' });
  assert.throws(() => closeDescriptor(descriptor), { code: 'EBADF' });
  mapReadOnly(copy).unmap();
  closeDescriptor(copy);
  assert.equal(openDescriptorCount(), before);
});

test('a large read-only map goes in the background, out of reach at once and gone soon', async () => {
  const { descriptor } = createSharedMemory('large', 8 << 20);
  try {
    const writable = mapWritable(descriptor);
    new Uint8Array(writable).fill(7);
    unmap(writable);
    seal(descriptor); // Would be refused were the writable map still there.
    const reader = mapReadOnly(descriptor);
    assert.equal(reader.u8((8 << 20) - 1), 7);
    assert.equal(reader.unmap(), true);
    assert.throws(() => reader.u8(0));
    for (let i = 0; mapCount('large') > 0; i++) {
      assert.ok(i < 500, 'the map is still there');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  } finally {
    closeDescriptor(descriptor);
  }
});
