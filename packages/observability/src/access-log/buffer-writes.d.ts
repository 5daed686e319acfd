// `latin1Write` and `latin1Slice` have been on Buffer.prototype since the beginning and are what `write` and `toString` call
// after their argument checks; the published types leave them out.

declare global {
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> {
    latin1Write(text: string, offset: number, length: number): number;
    latin1Slice(start: number, end: number): string;
  }
}

export {};
