// All slots of a node together: start, publish, watch, drain. What happens in one slot never stops another.

import type { LifeCycle } from '@sluice/dataplane/process';
import { LOOK_INTERVAL_MS } from './heartbeat-watch.ts';
import type { Slot } from './slot.ts';
import type { SealedTls, Snapshot } from './worker-process.ts';

export class WorkerPool {
  readonly slots: readonly Slot[];
  private watch: NodeJS.Timeout | undefined;

  constructor(slots: readonly Slot[]) {
    this.slots = slots;
  }

  start(): void {
    for (const slot of this.slots) slot.start();
    this.watch = setInterval(() => {
      for (const slot of this.slots) slot.look();
    }, LOOK_INTERVAL_MS);
  }

  publish(snapshot: Snapshot): void {
    for (const slot of this.slots) slot.publish(snapshot);
  }

  publishTls(tls: SealedTls): void {
    for (const slot of this.slots) slot.publishTls(tls);
  }

  reopenAccessLog(): void {
    for (const slot of this.slots) slot.reopenAccessLog();
  }

  get servingCount(): number {
    return this.slots.filter((slot) => slot.isServing).length;
  }

  /** Of the workers that run. */
  get pids(): number[] {
    return this.slots.map((slot) => slot.pid).filter((pid) => pid !== 0);
  }

  /** Somebody serves and does not stand still. A worker that does is replaced here; it is no reason to restart the node. */
  get isAlive(): boolean {
    return this.slots.some((slot) => slot.isServing && slot.isBeating);
  }

  /** The oldest revision that any worker may still read; Infinity without workers. */
  get oldestRevision(): number {
    return Math.min(...this.slots.map((slot) => slot.oldestRevision));
  }

  /** First the connections of all workers, then the flows of all workers. Resolves when every worker is gone. */
  async drain({ streams, datagrams }: LifeCycle): Promise<void> {
    clearInterval(this.watch);
    await Promise.all(this.slots.map((slot) => slot.drain(streams)));
    await Promise.all(this.slots.map((slot) => slot.drainDatagrams(datagrams)));
  }

  /** Resolves when every worker is gone, within a second. */
  async leaveNow(): Promise<void> {
    clearInterval(this.watch);
    await Promise.all(this.slots.map((slot) => slot.leaveNow()));
  }
}
