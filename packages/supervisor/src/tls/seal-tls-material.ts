// Puts TLS material into sealed memory, from where workers read it. Keys get nowhere else: not to a file, not to a log.

import { closeDescriptor, createSharedMemory, mapWritable, seal, unmap } from '@sluice/native';
import type { TlsMaterial } from '@sluice/routing';

/** The descriptor belongs to the caller. @throws Error with a `code` when memory or descriptors run out. */
export function sealTlsMaterial(material: TlsMaterial): number {
  const content = Buffer.from(JSON.stringify(material));
  try {
    const { descriptor } = createSharedMemory(`sluice-tls-${material.number}`, content.length);
    try {
      const map = mapWritable(descriptor);
      new Uint8Array(map).set(content);
      unmap(map);
      seal(descriptor);
      return descriptor;
    } catch (error) {
      closeDescriptor(descriptor);
      throw error;
    }
  } finally {
    content.fill(0);
  }
}
