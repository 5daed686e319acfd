// The places of one server as one worker sees them: at most `connectionsMax` connections over all workers, who comes when there is
// none waits in line. Counts are shared; each worker has its own line, so places move between workers now and then.
// Opens and closes nothing: waiters and the pool do.
//
// Nobody tells a worker that another one has let go of a place, so a worker with a line looks again every few milliseconds, and one
// with idle connections looks whether others wait. Both only while there is a reason to.

import type { SlotCounts } from '@sluice/shared-state';
import { PlaceQueue, type PlaceTicket } from './place-queue.ts';

export interface PlaceLimits {
  readonly connectionsMax: number;
  /** Over all workers. 0: nobody waits. */
  readonly queuedMax: number;
  /** Milliseconds; 0: none. */
  readonly queueTimeoutMs: number;
}

/** Called from within a microtask or a timer, never from within a call of `ServerPlaces`. Must not throw. */
export interface PlaceWaiter {
  /** Takes an idle connection that it can use; false when there is none. `onIdle` follows. */
  takeIdle(): boolean;
  /** It is out of the line, and uses the connection that it took. */
  onIdle(): void;
  /** A place is taken for it: it makes a connection, which gives the place back in the end. */
  onPlace(): void;
  /** It has waited too long, and does not any more. */
  onPlaceTimeout(): void;
}

export interface PlaceRow {
  readonly connections: SlotCounts;
  readonly queues: SlotCounts;
  readonly row: number;
  readonly slot: number;
}

export interface PlaceSurroundings {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Carries out what waiters and the pools have asked the transport for. */
  readonly flush: () => void;
  /** Closes the connection that has been idle for longest, if that is at least so many milliseconds; false when there is none. */
  readonly closeIdle: (idleMs: number) => boolean;
  readonly hasIdle: () => boolean;
}

/** How often a line looks for places that other workers have let go of. */
const LOOK_MS = 5;
/** How often a worker with idle connections looks whether others wait for their places. Those used within this time stay. */
const IDLE_LOOK_MS = 50;
/** For so long a worker with a line keeps a place beyond its share from others that wait: each move costs a new connection. */
const TURN_MS = 20;

export class ServerPlaces {
  private readonly queue = new PlaceQueue<PlaceWaiter>();
  private readonly at: PlaceRow;
  private readonly surroundings: PlaceSurroundings;
  private limits: PlaceLimits;
  private timer: NodeJS.Timeout | undefined = undefined;
  private idleTimer: NodeJS.Timeout | undefined = undefined;
  /** Places of connections that are being closed: others may have them when that has been carried out. */
  private released = 0;
  private settling = false;
  /** When a place was let go for others, and when one was taken last. */
  private yieldedAtMs = Number.NEGATIVE_INFINITY;
  private takenAtMs = Number.NEGATIVE_INFINITY;

  constructor(at: PlaceRow, limits: PlaceLimits, surroundings: PlaceSurroundings) {
    this.at = at;
    this.limits = limits;
    this.surroundings = surroundings;
  }

  /** After a reload. Who has a place keeps it; a smaller number is reached as connections end. */
  configure(limits: PlaceLimits): void {
    this.limits = limits;
    this.settleSoon();
  }

  /** Requests that wait in this worker: whoever comes now waits behind them. */
  get queued(): number {
    return this.queue.length;
  }

  /** Places taken by this worker. */
  get taken(): number {
    return this.at.connections.own(this.at.row, this.at.slot);
  }

  /** Would a request get a connection here without waiting? */
  get hasRoom(): boolean {
    if (this.queue.length > 0) return false;
    return this.surroundings.hasIdle() || this.at.connections.sum(this.at.row) < this.limits.connectionsMax;
  }

  /** A place at once; false when there is none or others have waited for longer. Given back by `release`. */
  tryTake(): boolean {
    return this.queue.length === 0 && this.takeForFirst();
  }

  /** A place is free: its connection is gone, is being closed, or never came to be. */
  release(): void {
    this.released++;
    this.settleSoon();
  }

  /** Puts the ticket at the end of the line; false when the line is full. */
  wait(ticket: PlaceTicket<PlaceWaiter>): boolean {
    const { queues, row, slot } = this.at;
    if (!queues.tryAdd(row, slot, this.limits.queuedMax)) return false;
    this.queue.push(ticket, this.surroundings.now());
    this.settleSoon();
    this.look();
    return true;
  }

  /** The waiter is not interested any more. Nothing happens when it does not wait. */
  leave(ticket: PlaceTicket<PlaceWaiter>): void {
    if (ticket.queue !== this.queue) return;
    this.queue.remove(ticket);
    this.at.queues.add(this.at.row, this.at.slot, -1);
  }

  /** May a connection be kept that has become idle? Otherwise it is to be closed: others wait for its place. */
  mayKeepIdle(): boolean {
    if (!this.othersWait()) return true;
    const { connections, queues, row } = this.at;
    const workers = Math.max(connections.users(row), queues.users(row));
    if (this.taken <= Math.floor(this.limits.connectionsMax / workers)) return true;
    const now = this.surroundings.now();
    if (this.queue.length > 0 && now - Math.max(this.takenAtMs, this.yieldedAtMs) < TURN_MS) return true;
    this.yieldedAtMs = now;
    return false;
  }

  /** A connection has become idle: someone in line may want it. */
  onIdle(): void {
    if (this.queue.length > 0) this.settleSoon();
    if (this.at.connections.slots > 1) this.lookForOthersLater();
  }

  close(): void {
    clearTimeout(this.timer);
    clearTimeout(this.idleTimer);
  }

  /**
   * Not at once: whoever lets go of a place is in the middle of something. And another worker may take it as soon as it is free, so
   * its connection must have been closed by then, or the server would see one too many.
   */
  private settleSoon(): void {
    if (this.settling) return;
    this.settling = true;
    queueMicrotask(() => this.settle());
  }

  private settle(): void {
    this.settling = false;
    this.surroundings.flush();
    const { connections, row, slot } = this.at;
    if (this.released > 0) connections.add(row, slot, -this.released);
    this.released = 0;
    this.serve();
    this.surroundings.flush();
  }

  private serve(): void {
    const { queue } = this;
    for (let ticket = queue.first; ticket !== undefined; ticket = queue.first) {
      const { waiter } = ticket;
      if (waiter.takeIdle()) {
        this.leave(ticket);
        waiter.onIdle();
      } else if (this.takeForFirst()) {
        this.leave(ticket);
        waiter.onPlace();
      } else {
        this.makeRoom();
        return;
      }
    }
  }

  /** What is idle and cannot serve the first one in line is of an earlier configuration of the same server. */
  private makeRoom(): void {
    if (this.released === 0 && !this.leavesPlacesToOthers()) this.surroundings.closeIdle(0);
  }

  private takeForFirst(): boolean {
    const { connections, row, slot } = this.at;
    if (this.leavesPlacesToOthers() || !connections.tryAdd(row, slot, this.limits.connectionsMax)) return false;
    this.takenAtMs = this.surroundings.now();
    return true;
  }

  private look(): void {
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      this.expire();
      this.serve();
      this.surroundings.flush();
      if (this.queue.length > 0) this.look();
    }, LOOK_MS).unref();
  }

  /** All have waited in the same line with the same timeout: the first one is the first whose time is over. */
  private expire(): void {
    const { queueTimeoutMs } = this.limits;
    if (queueTimeoutMs === 0) return;
    const since = this.surroundings.now() - queueTimeoutMs;
    for (let { first } = this.queue; first !== undefined && first.sinceMs <= since; first = this.queue.first) {
      this.leave(first);
      first.waiter.onPlaceTimeout();
    }
  }

  private othersWait(): boolean {
    const { queues, row, slot } = this.at;
    return queues.sum(row) > queues.own(row, slot);
  }

  /** What has just been let go for others must not be taken back before they have looked. */
  private leavesPlacesToOthers(): boolean {
    return this.surroundings.now() - this.yieldedAtMs < 2 * LOOK_MS && this.othersWait();
  }

  private lookForOthersLater(): void {
    this.idleTimer ??= setTimeout(() => this.lookForOthers(), IDLE_LOOK_MS).unref();
  }

  private lookForOthers(): void {
    this.idleTimer = undefined;
    const { connections, queues, row, slot } = this.at;
    const waiting = queues.sum(row) - queues.own(row, slot);
    let free = this.limits.connectionsMax - connections.sum(row) + this.released;
    for (; waiting > free && this.surroundings.closeIdle(IDLE_LOOK_MS); free++) {
      this.yieldedAtMs = this.surroundings.now();
    }
    if (this.surroundings.hasIdle()) this.lookForOthersLater();
  }
}
