// Stream objects between two streams. One pool for a worker, as connections come and go.

import { DownstreamStream } from './downstream-stream.ts';

/** Kept for reuse; more are left to the garbage collector. */
const FREE_MAX = 1_024;

const free: DownstreamStream[] = [];

export function takeStream(): DownstreamStream {
  return free.pop() ?? new DownstreamStream();
}

/** It must not be used by whoever had it. */
export function giveBackStream(stream: DownstreamStream): void {
  if (free.length < FREE_MAX) free.push(stream);
}
