// Memory that a transport of the addon shares with JavaScript. Not to be confused with memory that processes share.

import { markAsUntransferable } from 'node:worker_threads';

/** The addon keeps pointers into it: moving it to another thread would pull it away. */
export function sharedRegion(bytes: number): ArrayBuffer {
  const region = new ArrayBuffer(bytes);
  markAsUntransferable(region);
  return region;
}
