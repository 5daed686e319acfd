// `latin1Slice` has been on Buffer.prototype since the beginning and is what `toString('latin1', …)` calls after its
// argument checks; the published types leave it out.

declare global {
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Slice(start: number, end: number): string;
  }
}

export {};
