// Maps a snapshot's sealed memory read-only and reads it in place. The map is this process's own; the memory is everybody's.

import { mapReadOnly } from '@sluice/native';
import { SnapshotReader, startVerification } from '@sluice/routing/snapshot';
import type { MappedSnapshot } from './snapshot-intake.ts';

/** Takes some 30 µs, page faults of the first touch included; several times that while others fill the caches. */
const SLICE_BYTES = 64 * 1024;

/** @throws Error when it is not sealed memory, not a snapshot of this layout, or another revision than announced. */
export function mapSnapshot(descriptor: number, revision: number): MappedSnapshot<SnapshotReader> {
  const memory = mapReadOnly(descriptor);
  try {
    const reader = SnapshotReader.open(memory.unsafeBytes());
    if (reader.revision !== revision) {
      throw new Error(`the memory holds revision ${reader.revision}, revision ${revision} was announced`);
    }
    const verification = startVerification(reader);
    return { reader, verifySlice: () => verification.step(SLICE_BYTES), unmap: () => void memory.unmap() };
  } catch (error) {
    memory.unmap();
    throw error;
  }
}
