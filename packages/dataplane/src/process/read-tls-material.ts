// Reads TLS material out of its sealed memory. It is parsed and the map given back at once; nothing of it may get into a message,
// as it holds keys.

import { isSealed, mapReadOnly } from '@sluice/native';
import type { TlsMaterial } from '@sluice/routing/tls';

/** @throws Error when it is not sealed memory, no material of this version, or another one than announced. */
export function readTlsMaterial(descriptor: number, number: number): TlsMaterial {
  if (!isSealed(descriptor)) throw new Error('the memory of the TLS material is not sealed');
  const memory = mapReadOnly(descriptor);
  try {
    const material = parse(memory.utf8(0, memory.byteLength));
    if (material.number !== number) {
      throw new Error(`the memory holds TLS material ${material.number}, number ${number} was announced`);
    }
    return material;
  } finally {
    memory.unmap();
  }
}

function parse(text: string): TlsMaterial {
  const material = parseJson(text);
  const isObject = (value: unknown) => typeof value === 'object' && value !== null;
  const parts = [material.tables, material.keyPairs, material.staples, material.ticketKeys, material.transports];
  if (Number.isSafeInteger(material.number) && parts.every(isObject)) return material as TlsMaterial;
  throw new Error('the memory holds no TLS material of this version');
}

function parseJson(text: string): Partial<TlsMaterial> {
  try {
    return Object(JSON.parse(text));
  } catch {
    // The parser's own words quote the text.
    throw new Error('the memory of the TLS material cannot be read');
  }
}
