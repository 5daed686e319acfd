// Shared memory between the processes of a node: memfds whose size is sealed from the start, mapped writable (control and
// status blocks) or read-only (sealed snapshots). Knows bytes and descriptors, not what is stored in them.
// Every failure is an Error with an errno name as `code`.

import { loadAddon } from './addon.ts';
import { ReadOnlyMemory } from './read-only-memory.ts';

interface SharedMemoryAddon {
  createSharedMemory(name: string, byteLength: number): number;
  mapWritable(descriptor: number): ArrayBuffer;
  mapReadOnly(descriptor: number): ArrayBuffer;
  unmap(map: ArrayBuffer): boolean;
  seal(descriptor: number): void;
  sealSize(descriptor: number): void;
  isSealed(descriptor: number): boolean;
}

const addon = loadAddon<SharedMemoryAddon>();

/** Most bytes one piece of shared memory may have: 4 GiB, so that offsets fit in 32 bits. */
export const SHARED_MEMORY_MAX_BYTES = 4 * 1024 ** 3;

export interface SharedMemory {
  /** As it shows in `/proc/<pid>/maps` (`/memfd:<name>`); not unique, finds nothing. */
  readonly name: string;
  /** Close-on-exec; belongs to the caller, who closes it with `closeDescriptor`. Maps outlive it. */
  readonly descriptor: number;
  readonly byteLength: number;
}

/**
 * Makes zero-filled memory whose size can never change (F_SEAL_SHRINK and F_SEAL_GROW are set at once, so no map of it
 * can fault after a truncation). Pages are taken only when first written.
 *
 * @param name up to 249 bytes, without NUL. @param byteLength 1 … SHARED_MEMORY_MAX_BYTES.
 * @throws EINVAL, ENAMETOOLONG, EMFILE, ENFILE, ENOMEM.
 */
export function createSharedMemory(name: string, byteLength: number): SharedMemory {
  return { name, descriptor: addon.createSharedMemory(name, byteLength), byteLength };
}

/**
 * Maps the whole memory for reading and writing, shared with every other map of it. `Atomics` work on views of it across
 * processes, except `Atomics.wait` and `Atomics.notify`. The buffer cannot be transferred to another thread: pass the
 * descriptor and map there again. Collected buffers are unmapped; call `unmap` when it matters when.
 *
 * @throws EINVAL when it is no memfd or its size is not sealed (see `sealSize`), EPERM when it is sealed against writing,
 *   EBADF, ENOMEM.
 */
export function mapWritable(descriptor: number): ArrayBuffer {
  return addon.mapWritable(descriptor);
}

/**
 * Maps the whole memory for reading. Memory that is not sealed against writing may still change under the reader.
 *
 * @throws EINVAL when it is no memfd or its size is not sealed: whoever can truncate it could crash us with SIGBUS. That
 *   holds for memory of other processes too; what `createSharedMemory` makes is always sealed. EBADF, ENOMEM.
 */
export function mapReadOnly(descriptor: number): ReadOnlyMemory {
  return new ReadOnlyMemory(addon.mapReadOnly(descriptor), addon.unmap);
}

/**
 * Removes the pages: at once, or a moment later by another thread when a read-only map has 1 MiB or more. Views of the buffer are empty from then on: a DataView throws, a typed array reads undefined.
 * Buffers handed to asynchronous calls (fs, zlib, crypto) must be done with.
 *
 * @returns false when it was unmapped (or transferred) before. @throws EINVAL for a buffer that is no map.
 */
export function unmap(map: ArrayBuffer | ReadOnlyMemory): boolean {
  return map instanceof ReadOnlyMemory ? map.unmap() : addon.unmap(map);
}

/**
 * Makes content and size final, for everybody and for good: nobody can write, resize, or add or remove seals.
 * Sealing what is sealed already does nothing.
 *
 * @throws EBUSY while any process has a writable map of it: `unmap` first. EPERM when somebody forbade further seals.
 *   EINVAL when it is no memfd. EBADF.
 */
export function seal(descriptor: number): void {
  addon.seal(descriptor);
}

/**
 * Makes only the size final; for memfds of other makers (`createSharedMemory` does it itself).
 * @throws EPERM when somebody forbade further seals, EINVAL when it is no memfd, EBADF.
 */
export function sealSize(descriptor: number): void {
  addon.sealSize(descriptor);
}

/**
 * Whether content and size are final, so that nobody can change what was checked. Ask before trusting memory that somebody
 * else made. False for what is no memfd. @throws EBADF.
 */
export function isSealed(descriptor: number): boolean {
  return addon.isSealed(descriptor);
}
