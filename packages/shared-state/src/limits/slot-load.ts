// How many clients each slot's worker has, and how many connections other workers have sent it that it has not taken yet: what
// workers compare before they hand a connection over. Positions and atomics; who gives whom how much is decided elsewhere.

import { SlotCounts } from './slot-counts.ts';

/** Written by the worker in the slot alone: what a crashed one leaves behind is cleared. */
const CLIENTS = 0;
/** Added to by every worker, taken from by the one in the slot. Outlives it, as the connections wait for its successor. */
const ARRIVING = 1;
const ROWS = 2;

export class SlotLoad {
  readonly slots: number;
  private readonly counts: SlotCounts;

  static byteLength(slots: number): number {
    return SlotCounts.byteLength(ROWS, slots);
  }

  /** @param buffer zero-filled when it is new. @param offset in bytes, a multiple of 64. */
  constructor(buffer: ArrayBuffer, offset: number, slots: number) {
    this.slots = slots;
    this.counts = new SlotCounts(buffer, offset, ROWS, slots);
  }

  /** Clients of the worker in the slot. */
  clients(slot: number): number {
    return this.counts.own(CLIENTS, slot);
  }

  /** Only the worker in the slot calls this: clients come or go. */
  addClients(slot: number, delta: number): void {
    this.counts.add(CLIENTS, slot, delta);
  }

  /** Connections on their way to the slot. Off by a few for a while when a worker was killed in the very moment of sending or taking. */
  arriving(slot: number): number {
    return this.counts.own(ARRIVING, slot);
  }

  /** Any worker may call this: before it sends a connection, when it could not, and when it has taken one. */
  addArriving(slot: number, delta: number): void {
    this.counts.add(ARRIVING, slot, delta);
  }

  /** What the slot has or will have in a moment. */
  total(slot: number): number {
    return this.clients(slot) + Math.max(0, this.arriving(slot));
  }

  /** The worker of that slot is gone, and its clients with it. */
  clearSlot(slot: number): void {
    this.counts.clearSlot(slot, [CLIENTS]);
  }
}
