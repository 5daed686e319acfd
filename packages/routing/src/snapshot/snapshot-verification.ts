// Verifies the checksums of a snapshot's sections in slices, so that a worker can do it between requests.

import { crc32 } from 'node:zlib';
import { SnapshotError } from './snapshot-error.ts';
import type { SnapshotReader } from './snapshot-reader.ts';

export interface SnapshotVerification {
  /**
   * Verifies up to `bytesMax` more bytes (at least one section's end is always reached eventually; 1 MiB takes well
   * under a millisecond). Returns true when everything has been verified.
   * @throws SnapshotError when a section is damaged.
   */
  step(bytesMax: number): boolean;
}

export function startVerification(reader: SnapshotReader): SnapshotVerification {
  return new SectionVerification(reader);
}

/** All at once. @throws SnapshotError when a section is damaged. */
export function verifySnapshot(reader: SnapshotReader): void {
  startVerification(reader).step(Number.POSITIVE_INFINITY);
}

class SectionVerification implements SnapshotVerification {
  private readonly reader: SnapshotReader;
  private section = 0;
  private position = 0;
  private crc = 0;

  constructor(reader: SnapshotReader) {
    this.reader = reader;
  }

  step(bytesMax: number): boolean {
    const { bytes, sections } = this.reader;
    let remaining = Math.max(1, bytesMax);
    while (this.section < sections.length) {
      const { offsetBytes, lengthBytes, crc } = sections[this.section]!;
      const slice = Math.min(remaining, lengthBytes - this.position);
      if (slice > 0) {
        const start = offsetBytes + this.position;
        this.crc = crc32(bytes.subarray(start, start + slice), this.crc);
        this.position += slice;
        remaining -= slice;
      }
      if (this.position < lengthBytes) return false;
      if (this.crc !== crc) throw new SnapshotError(`section ${this.section} of the snapshot is damaged`);
      this.section++;
      this.position = 0;
      this.crc = 0;
    }
    return true;
  }
}
