// Bytes for one connection that may be more than it takes now: what fits is sent, the rest is kept until the queue is
// empty again. For answers and transformed bodies; allocates only when it has to keep something.

import type { WorkerContext } from '../worker/worker-context.ts';
import type { BodySink } from './body-ends.ts';

/** Sent without asking whether the connection keeps up; far below the transport's limit for one queue. */
const BURST_BYTES = 256 * 1024;

export class PacedOutput {
  private readonly context: WorkerContext;
  /** In order; the first one from `position`. */
  private readonly kept: Uint8Array[] = [];
  private position = 0;

  constructor(context: WorkerContext) {
    this.context = context;
  }

  get isEmpty(): boolean {
    return this.kept.length === 0;
  }

  clear(): void {
    for (const bytes of this.kept) this.context.buffered.add(-bytes.length);
    this.kept.length = 0;
    this.position = 0;
  }

  /** `bytes` may change after the call: what cannot be sent now is copied. */
  send(destination: BodySink, bytes: Uint8Array, start: number, end: number): void {
    if (this.kept.length === 0 && end - start <= BURST_BYTES) {
      destination.write(bytes, start, end);
      return;
    }
    const wasEmpty = this.kept.length === 0;
    this.keep(Buffer.from(bytes.subarray(start, end)));
    if (wasEmpty) this.pump(destination);
  }

  /** Latin-1, short. */
  sendText(destination: BodySink, text: string): void {
    const bytes = Buffer.from(text, 'latin1');
    if (this.kept.length > 0) this.keep(bytes);
    else destination.write(bytes, 0, bytes.length);
  }

  /** The connection's queue has been sent: goes on. Stops as soon as the connection has a queue, whose end will be told. */
  pump(destination: BodySink): void {
    while (this.kept.length > 0 && destination.id !== 0) {
      const [first] = this.kept;
      const end = Math.min(first.length, this.position + BURST_BYTES);
      destination.write(first, this.position, end);
      this.position = end;
      if (end === first.length) {
        this.kept.shift();
        this.context.buffered.add(-first.length);
        this.position = 0;
      }
      if (destination.hasBacklog()) return;
    }
  }

  private keep(bytes: Uint8Array): void {
    this.kept.push(bytes);
    this.context.buffered.add(bytes.length);
  }
}
