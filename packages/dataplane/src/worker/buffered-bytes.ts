// How many bytes this worker keeps for its peers: heads in pieces, requests sent ahead, answers that nobody takes. Whoever keeps
// some says so here. Numbers only; what happens when it is too much is decided by those who would keep more.

import type { StreamTransport } from '@sluice/native';

/** Unsent bytes of one connection above which its source is no longer read; the second one holds while there is too much in all. */
const QUEUE_HIGH_BYTES = 256 * 1024;
const QUEUE_HIGH_WHEN_FULL_BYTES = 16 * 1024;

export class BufferedBytes {
  private readonly transport: Pick<StreamTransport, 'queuedMemoryBytes'>;
  private readonly maxBytes: number;
  private keptBytes = 0;

  /** @param maxBytes 0: no bound. */
  constructor(transport: Pick<StreamTransport, 'queuedMemoryBytes'>, maxBytes: number) {
    this.transport = transport;
    this.maxBytes = maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes;
  }

  /** More, or less when negative, is kept in JavaScript. */
  add(bytes: number): void {
    this.keptBytes += bytes;
  }

  /** With what the transport queues. */
  get total(): number {
    return this.keptBytes + this.transport.queuedMemoryBytes;
  }

  get isFull(): boolean {
    return this.total > this.maxBytes;
  }

  /** How much less there should be: a fourth of the bound below it, so that it is not reached again at once. 0 when it is not full. */
  get excessBytes(): number {
    const { total } = this;
    return total > this.maxBytes ? total - this.maxBytes * 0.75 : 0;
  }

  get queueHighBytes(): number {
    return this.isFull ? QUEUE_HIGH_WHEN_FULL_BYTES : QUEUE_HIGH_BYTES;
  }
}
