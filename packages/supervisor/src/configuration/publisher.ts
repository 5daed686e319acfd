// Brings compiled snapshots to the workers: the descriptor of sealed memory, which nobody can change any more, goes to each.
// Keeps the newest one open for workers that start later, and rows of servers as long as a worker may read them.

import { closeDescriptor } from '@sluice/native';
import type { ControlBlock } from '@sluice/shared-state';
import type { Snapshot } from '../workers/worker-process.ts';
import type { StatusRows } from './status-rows.ts';

export interface PublisherOptions {
  readonly control: ControlBlock;
  readonly rows: StatusRows;
  /** The oldest revision that a worker may still read; Infinity when there is none. */
  readonly oldestRevision: () => number;
  readonly onPublished: (snapshot: Snapshot) => void;
}

export class Publisher {
  private readonly options: PublisherOptions;
  private newest: Snapshot | undefined;
  private nextRevision = 1;

  constructor(options: PublisherOptions) {
    this.options = options;
  }

  /** Undefined before the first one. */
  get current(): Snapshot | undefined {
    return this.newest;
  }

  /** A number for the next snapshot; never given out twice. */
  takeRevision(): number {
    return this.nextRevision++;
  }

  /** Takes the snapshot's descriptor over. */
  publish(snapshot: Snapshot): void {
    const previous = this.newest;
    this.newest = snapshot;
    this.options.control.revision = snapshot.revision;
    this.options.onPublished(snapshot);
    // Mails carry their own copies, and workers are spawned in one go: nobody needs this number any more.
    if (previous !== undefined) closeDescriptor(previous.descriptor);
    this.trim();
  }

  /** The oldest revision that a worker holds or may get; Infinity before the first one. */
  get oldestRevision(): number {
    return Math.min(this.newest?.revision ?? Number.POSITIVE_INFINITY, this.options.oldestRevision());
  }

  /** Frees rows of servers that no live revision names. */
  trim(): void {
    if (this.newest === undefined) return;
    this.options.rows.releaseBefore(this.oldestRevision);
  }

  close(): void {
    if (this.newest !== undefined) closeDescriptor(this.newest.descriptor);
    this.newest = undefined;
  }
}
