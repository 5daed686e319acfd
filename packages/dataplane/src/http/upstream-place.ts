// How an exchange comes to a connection where connections to the server are limited: an idle one, a place for a new one, or a
// ticket for the line. One per exchange object, reused. Holds a place only until a connection takes it over.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { PlaceTicket } from '../upstream/places/place-queue.ts';
import type { PlaceWaiter, ServerPlaces } from '../upstream/places/server-places.ts';
import type { UpstreamChannel } from '../upstream/upstream-channel.ts';
import type { UpstreamPool } from '../upstream/upstream-pool.ts';
import type { HttpExchange } from './http-exchange.ts';
import { Phase } from './phase.ts';
import type { UpstreamSide } from './upstream-side.ts';

export class UpstreamPlace implements PlaceWaiter {
  private readonly exchange: HttpExchange;
  private readonly side: UpstreamSide;
  private readonly ticket = new PlaceTicket<PlaceWaiter>(this);
  private pool: UpstreamPool | undefined = undefined;
  private places: ServerPlaces | undefined = undefined;
  /** A place is ours, and no connection has it yet. */
  private holds = false;
  private idle: UpstreamChannel | undefined = undefined;

  constructor(exchange: HttpExchange, side: UpstreamSide) {
    this.exchange = exchange;
    this.side = side;
  }

  /** The side sends, dials, or hears of it later. */
  obtain(pool: UpstreamPool, places: ServerPlaces): void {
    this.pool = pool;
    this.places = places;
    if (places.queued === 0) {
      const idle = this.takeFrom(pool);
      if (idle !== undefined) {
        this.side.send(idle);
        return;
      }
      if (pool.mayJoin(this.exchange.request.upgrade, this.exchange.context.transport.now)) {
        this.side.dialNow();
        return;
      }
      if (places.tryTake()) {
        this.holds = true;
        this.side.dialNow();
        return;
      }
    }
    if (places.wait(this.ticket)) this.exchange.suspend(Phase.DIALING);
    else this.giveUp(Errors.UPSTREAM_QUEUE_FULL);
  }

  /** That connection has the place from here on, and gives it back when it is gone. */
  passTo(connection: { holdsPlace: boolean }): void {
    if (!this.holds) return;
    this.holds = false;
    connection.holdsPlace = true;
  }

  /** No connection has to be made for it. */
  giveBack(): void {
    if (!this.holds) return;
    this.holds = false;
    this.places!.release();
  }

  /** The exchange needs no connection any more. */
  end(): void {
    const { places } = this;
    if (places === undefined) return;
    this.places = undefined;
    this.pool = undefined;
    places.leave(this.ticket);
    if (!this.holds) return;
    this.holds = false;
    places.release();
  }

  takeIdle(): boolean {
    this.idle = this.takeFrom(this.pool!);
    return this.idle !== undefined;
  }

  private takeFrom(pool: UpstreamPool): UpstreamChannel | undefined {
    return pool.take(this.exchange.request.upgrade, this.exchange.context.transport.now);
  }

  onIdle(): void {
    const { idle } = this;
    this.idle = undefined;
    this.guarded(() => this.side.send(idle!));
  }

  onPlace(): void {
    this.holds = true;
    this.guarded(() => this.side.dialNow());
  }

  onPlaceTimeout(): void {
    this.guarded(() => this.giveUp(Errors.UPSTREAM_QUEUE_TIMEOUT));
  }

  private giveUp(entry: CatalogueEntry): void {
    const { exchange } = this;
    exchange.route!.metrics?.connections?.limits.reached(entry);
    exchange.fail(entry);
  }

  /** No batch of events is under way that would catch a fault. */
  private guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.exchange.onFault(error, Errors.INTERNAL_FAULT);
    }
  }
}
