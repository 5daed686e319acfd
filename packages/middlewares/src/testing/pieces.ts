// Cuts bytes into pieces as a network might, for tests of transforms: each piece is a copy that nothing else points into.

/** @param sizes of the pieces, used in turn; 0 gives an empty one. What is left is the last piece. */
export function pieces(bytes: Uint8Array, sizes: readonly number[]): Buffer[] {
  const cut: Buffer[] = [];
  let at = 0;
  for (const size of sizes) {
    cut.push(Buffer.from(bytes.subarray(at, at + size)));
    at = Math.min(at + size, bytes.length);
  }
  cut.push(Buffer.from(bytes.subarray(at)));
  return cut;
}
