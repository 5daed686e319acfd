// A hash over a range of bytes for the small tables of an encoder, which verify what they find or lose nothing but a saving
// when they are wrong. Not for tables whose chains a peer could make long. Allocates nothing.

/** `view` covers `bytes`. The upper bits are the best mixed ones. */
export function hashBytes(bytes: Buffer, view: DataView, offset: number, length: number, seed: number): number {
  let hash = mix(seed, length);
  const end = offset + length;
  let at = offset;
  for (; at + 4 <= end; at += 4) hash = mix(hash, view.getInt32(at, true));
  let rest = 0;
  for (; at < end; at++) rest = (rest << 8) | bytes[at];
  return Math.imul(mix(hash, rest), 0x9e3779b1);
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}
