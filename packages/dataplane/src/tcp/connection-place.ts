// How one client's connection comes to a place at a limited server, and gives it back exactly once. One per connection object, reused:
// a place or a ticket for the line, never both. Dials nothing.

import { PlaceTicket } from '../upstream/places/place-queue.ts';
import type { PlaceWaiter, ServerPlaces } from '../upstream/places/server-places.ts';

/** Answers of `obtain`. */
export const PlaceAnswer = {
  TAKEN: 0,
  /** `onPlace` or `onPlaceTimeout` follows, unless `end` comes first. */
  WAITING: 1,
  /** As many wait as may. */
  FULL: 2,
} as const;

/** What waits. Called from a microtask or a timer, outside of any batch of events. Must not throw. */
export interface PlaceHolder {
  /** The place is held: connect to the server that was asked for. */
  onPlace(): void;
  /** It has waited for too long, and does not any more. */
  onPlaceTimeout(): void;
}

export class ConnectionPlace implements PlaceWaiter {
  private readonly holder: PlaceHolder;
  private readonly ticket = new PlaceTicket<PlaceWaiter>(this);
  private places: ServerPlaces | undefined = undefined;
  private holds = false;

  constructor(holder: PlaceHolder) {
    this.holder = holder;
  }

  get isHeld(): boolean {
    return this.holds;
  }

  /** After `end` of the last one. @param places undefined: connections to the server are not limited. */
  obtain(places: ServerPlaces | undefined): number {
    if (this.places !== undefined) throw new Error('a connection has one place at a time');
    if (places === undefined) return PlaceAnswer.TAKEN;
    if (places.tryTake()) {
      this.places = places;
      this.holds = true;
      return PlaceAnswer.TAKEN;
    }
    if (!places.wait(this.ticket)) return PlaceAnswer.FULL;
    this.places = places;
    return PlaceAnswer.WAITING;
  }

  /** The connection to the server is gone, could not be made, or is not wanted any more. Again: nothing happens. */
  end(): void {
    const { places } = this;
    if (places === undefined) return;
    this.places = undefined;
    places.leave(this.ticket);
    if (!this.holds) return;
    this.holds = false;
    places.release();
  }

  /** There are none of TCP. */
  takeIdle(): boolean {
    return false;
  }

  onIdle(): void {}

  onPlace(): void {
    this.holds = true;
    this.holder.onPlace();
  }

  onPlaceTimeout(): void {
    this.places = undefined;
    this.holder.onPlaceTimeout();
  }
}
