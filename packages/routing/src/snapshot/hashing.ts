// The hashes of the host and path tables; writer and matcher must agree on them. Keys come from the configuration, so
// a client cannot choose what collides.

export const TEXT_HASH_START = 0x811c9dc5;
const TEXT_HASH_PRIME = 0x01000193;

/** One step of FNV-1a over UTF-16 units. */
export function hashUnit(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, TEXT_HASH_PRIME);
}

export function hashText(text: string): number {
  let hash = TEXT_HASH_START;
  for (let i = 0; i < text.length; i++) hash = hashUnit(hash, text.charCodeAt(i));
  return hash;
}

/** A table's hash of a text within an owner (match index, bucket) and kind (0 or 1); unsigned. */
export function hashKey(textHash: number, owner: number, kind: number): number {
  let hash = textHash ^ Math.imul(owner * 2 + kind + 1, 0x9e3779b1);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
