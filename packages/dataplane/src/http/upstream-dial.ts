// Makes a new connection for an exchange: to a literal address or a Unix socket at once, with the request following right
// behind; to a name when it has been resolved. Of several addresses each is tried in turn before the request is sent to the
// first that takes it.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { connectToServer, HANDSHAKE_MS } from '../upstream/connect-to-server.ts';
import type { ChannelWaiter, SharedConnections } from '../upstream/http2/shared-connections.ts';
import { PlaceTicket } from '../upstream/places/place-queue.ts';
import { HTTP1_ONLY, startServerTls } from '../upstream/start-server-tls.ts';
import type { UpstreamChannel } from '../upstream/upstream-channel.ts';
import { UpstreamHttp1 } from '../upstream/upstream-http1.ts';
import type { HttpExchange } from './http-exchange.ts';
import { Phase } from './phase.ts';
import { connectError, connectFailure, resolveError } from './upstream-errors.ts';
import type { UpstreamSide } from './upstream-side.ts';

export class UpstreamDial implements ChannelWaiter {
  private readonly exchange: HttpExchange;
  private readonly side: UpstreamSide;
  /** Addresses that have not been tried yet. */
  private left = 0;
  private single = true;
  /** Monotonic milliseconds at which all attempts together have taken dialTimeout; 0: no limit. */
  private endsAtMs = 0;
  private readonly ticket = new PlaceTicket<ChannelWaiter>(this);
  private shared: SharedConnections | undefined = undefined;

  constructor(exchange: HttpExchange, side: UpstreamSide) {
    this.exchange = exchange;
    this.side = side;
  }

  start(): void {
    const { exchange } = this;
    const { resolver, transport } = exchange.context;
    const { record, pool } = this.side.server!;
    const shared = pool.sharedFor(exchange.request.upgrade, transport.now);
    if (shared !== undefined) {
      this.join(shared);
      return;
    }
    const { hostname } = record;
    const addresses = pool.socketPath !== '' ? 1 : resolver.addressCount(hostname);
    if (addresses > 0) {
      this.begin(addresses);
      return;
    }
    exchange.suspend(Phase.DIALING);
    const { ticket } = exchange;
    resolver.resolve(hostname, (resolved, code) => {
      if (exchange.ticket !== ticket || exchange.phase !== Phase.DIALING) return;
      if (resolved === undefined) exchange.fail(resolveError(code));
      else this.begin(Math.max(1, resolver.addressCount(hostname)));
      exchange.context.transport.flush();
    });
  }

  /** The exchange needs no connection any more. */
  end(): void {
    this.shared?.leave(this.ticket);
    this.shared = undefined;
  }

  onChannel(channel: UpstreamChannel): void {
    this.guarded(() => this.side.send(channel));
  }

  onOpeningFailed(entry: CatalogueEntry, detail: number | string): void {
    this.guarded(() => this.exchange.fail(entry, detail));
  }

  onTryAgain(): void {
    this.guarded(() => this.side.obtain());
  }

  /** Waits for a connection that is being made, or for one that is made for it. */
  private join(shared: SharedConnections): void {
    const { exchange, side } = this;
    exchange.suspend(Phase.DIALING);
    this.shared = shared;
    const opening = shared.join(this.ticket, exchange.context);
    side.passPlaceTo(opening);
    if (opening === undefined) return;
    exchange.route!.metrics?.connections?.opened();
    opening.start();
  }

  /** A fault of one exchange must not reach the others that wait. */
  private guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.exchange.onFault(error, Errors.INTERNAL_FAULT);
    }
  }

  /** One attempt has failed; the next address is tried, if there is one and time for it. */
  onFailed(errno: number): void {
    if (this.left > 0 && this.exchange.phase === Phase.DIALING) this.tryNext();
    else this.exchange.fail(connectError(errno), errno);
  }

  onTimeout(): void {
    const { exchange, side } = this;
    if (this.left === 0 || exchange.phase !== Phase.DIALING || exchange.context.transport.now >= this.endsAtMs) {
      exchange.fail(side.connection?.securing ? Errors.UPSTREAM_TLS_TIMEOUT : Errors.UPSTREAM_CONNECT_TIMEOUT);
      return;
    }
    side.dropConnection();
    this.tryNext();
  }

  /** The connection stands: from here on the handshake has its own time, within that of all attempts. */
  limitHandshake(connection: UpstreamChannel): void {
    const endsAtMs = this.exchange.context.transport.now + HANDSHAKE_MS;
    connection.expireAt(this.endsAtMs > 0 ? Math.min(this.endsAtMs, endsAtMs) : endsAtMs);
  }

  private begin(addresses: number): void {
    const { dialTimeoutMs } = this.side.server!.pool;
    this.left = addresses;
    this.single = addresses === 1;
    this.endsAtMs = dialTimeoutMs > 0 ? this.exchange.context.transport.now + dialTimeoutMs : 0;
    this.tryNext();
  }

  private tryNext(): void {
    const { exchange, side } = this;
    const { context } = exchange;
    const { record, pool } = side.server!;
    this.left--;
    const tls = pool.secure ? context.upstreamTls.settingsFor(pool.transportName) : undefined;
    if (pool.secure && tls === undefined) {
      exchange.fail(Errors.UPSTREAM_TLS_SETTINGS);
      return;
    }
    const connection = new UpstreamHttp1(context, pool, tls);
    try {
      context.connections.add(connectToServer(context, pool), connection);
      if (tls !== undefined) startServerTls(connection, pool, tls, HTTP1_ONLY);
    } catch (error) {
      context.log.debug({ err: error, server: record.url }, 'connecting failed');
      connection.abort();
      if (this.left > 0) this.tryNext();
      else exchange.fail(connectFailure(error));
      return;
    }
    exchange.route!.metrics?.connections?.opened();
    this.limit(connection);
    if (this.single && connection.takesRequestAtOnce) {
      side.send(connection);
      return;
    }
    if (exchange.phase !== Phase.DIALING) exchange.suspend(Phase.DIALING);
    side.hold(connection);
  }

  /** Each attempt gets its share of what is left of the time. */
  private limit(connection: UpstreamHttp1): void {
    if (this.endsAtMs === 0) return;
    const { now } = this.exchange.context.transport;
    connection.expireAt(now + Math.max(1, (this.endsAtMs - now) / (this.left + 1)));
  }
}
