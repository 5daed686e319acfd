// Keeps the workers of a node evenly filled with clients: the kernel spreads connections by a hash of their addresses, which is
// uneven for few of them. A worker that has just accepted one, and has clearly more than the emptiest, gives it to that one.
// Decides by counts in shared memory alone; who is not needed costs a few loads. Allocates nothing.

import type { StreamTransport } from '@sluice/native';
import { type ControlBlock, type SlotLoad, SlotState } from '@sluice/shared-state';

/**
 * So many clients more than the emptiest are let be, or an eighth of what that has. Two: with one, every second accept of two even
 * workers would travel. An eighth: beyond some hundred clients the hash spreads well enough by itself.
 */
const SLACK_MIN = 2;
const SLACK_SHIFT = 3;
/** Connections on their way to one worker: it does not come to take them, or will have enough to do with these. */
const ARRIVING_MAX = 64;
/**
 * Handing over costs several times what accepting does, and where connections are short it is for nothing. So there is a budget:
 * one in 32 accepts, a hundred in a second, and this many at once, enough for a crowd of long-lived ones.
 */
const BUDGET_MAX = 256;
const BUDGET_PER_ACCEPT = 1 / 32;
const BUDGET_PER_MS = 0.1;

export interface ClientBalanceOptions {
  readonly slot: number;
  readonly load: SlotLoad;
  readonly control: ControlBlock;
  /** Sending ends of the mailboxes, by slot. */
  readonly mailboxes: readonly number[];
  /** Without a supervisor nobody knows who is alive, and nothing keeps the mailbox of one who is not. */
  readonly isSupervised: () => boolean;
}

export class ClientBalance {
  private readonly options: ClientBalanceOptions;
  private budget = BUDGET_MAX;
  private budgetAtMs = 0;
  /** What `settle` has seen last. */
  private unsettled = 0;

  constructor(options: ClientBalanceOptions) {
    this.options = options;
  }

  opened(): void {
    this.options.load.addClients(this.options.slot, 1);
  }

  closed(): void {
    this.options.load.addClients(this.options.slot, -1);
  }

  /** A connection of another worker has come. */
  arrived(): void {
    this.options.load.addArriving(this.options.slot, -1);
    this.unsettled = 0;
  }

  /** Connections on their way to this worker. */
  get arriving(): number {
    return Math.max(0, this.options.load.arriving(this.options.slot));
  }

  /**
   * Gives a connection away that was accepted in this batch, if somebody else should have it.
   * @param clientsMax of one worker, here as there; 0: no limit. @param tag of the entry point's first listener.
   * @returns true when it is gone: the id is dead.
   */
  handOver(transport: StreamTransport, id: number, peerOffset: number, tag: number, clientsMax: number): boolean {
    this.refill(transport.now);
    const slot = this.findEmptier(clientsMax);
    if (slot === -1 || this.budget < 1 || !this.options.isSupervised()) return false;
    const { load, control, mailboxes } = this.options;
    load.addArriving(slot, 1);
    // Looked at again after it is counted: a worker that leaves says so first, and then waits for what is on its way.
    if (
      control.slotState(slot) === SlotState.SERVING &&
      transport.handOver(id, mailboxes[slot], peerOffset, tag) === 0
    ) {
      this.budget--;
      return true;
    }
    load.addArriving(slot, -1);
    return false;
  }

  /**
   * A worker that is killed between counting and sending, or between taking and counting, leaves a number that nothing belongs to.
   * Called now and then: one that has not changed since the last time, with nothing taken meanwhile, is such a number.
   */
  settle(): void {
    const { load, slot } = this.options;
    const arriving = load.arriving(slot);
    if (arriving !== 0 && arriving === this.unsettled) load.addArriving(slot, -arriving);
    this.unsettled = load.arriving(slot);
  }

  /** The emptiest other slot that has clearly less than this one with its new connection; -1: there is none. */
  private findEmptier(clientsMax: number): number {
    const { load, control, slot } = this.options;
    const own = load.total(slot) + 1;
    if (own <= SLACK_MIN) return -1;
    let found = -1;
    let least = own;
    // Each worker begins with the slot after its own, so that not all of them choose the same.
    for (let step = 1; step < load.slots; step++) {
      const other = (slot + step) % load.slots;
      const total = load.total(other);
      if (total >= least || load.arriving(other) >= ARRIVING_MAX) continue;
      if (control.slotState(other) !== SlotState.SERVING) continue;
      least = total;
      found = other;
    }
    if (found === -1 || own <= least + Math.max(SLACK_MIN, least >> SLACK_SHIFT)) return -1;
    if (clientsMax > 0 && least >= clientsMax) return -1;
    return control.slotState(slot) === SlotState.SERVING ? found : -1;
  }

  private refill(nowMs: number): void {
    const earned = BUDGET_PER_ACCEPT + (nowMs - this.budgetAtMs) * BUDGET_PER_MS;
    this.budgetAtMs = nowMs;
    this.budget = Math.min(BUDGET_MAX, this.budget + earned);
  }
}
