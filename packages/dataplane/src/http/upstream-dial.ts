// Makes a new connection for an exchange: to a literal address or a Unix socket at once, with the request following right
// behind; to a name when it has been resolved. Of several addresses each is tried in turn before the request is sent to the
// first that takes it.

import { Errors } from '@sluice/errors';
import { HTTP1_ONLY, startServerTls } from '../upstream/start-server-tls.ts';
import type { UpstreamChannel } from '../upstream/upstream-channel.ts';
import { UpstreamHttp1 } from '../upstream/upstream-http1.ts';
import type { HttpExchange } from './http-exchange.ts';
import { Phase } from './phase.ts';
import { connectError, connectFailure, isHeldByIdle, resolveError } from './upstream-errors.ts';
import type { UpstreamSide } from './upstream-side.ts';

/** Of a TLS handshake (reference/http-services §8, fixed settings). */
const HANDSHAKE_MS = 10_000;

export class UpstreamDial {
  private readonly exchange: HttpExchange;
  private readonly side: UpstreamSide;
  /** Addresses that have not been tried yet. */
  private left = 0;
  private single = true;
  /** Monotonic milliseconds at which all attempts together have taken dialTimeout; 0: no limit. */
  private endsAtMs = 0;

  constructor(exchange: HttpExchange, side: UpstreamSide) {
    this.exchange = exchange;
    this.side = side;
  }

  start(): void {
    const { exchange } = this;
    const { resolver } = exchange.context;
    const { record, pool } = this.side.server!;
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
      context.connections.add(this.connect(), connection);
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

  /** @returns the transport's id. @throws Error with a `code`. */
  private connect(): number {
    try {
      return this.connectOnce();
    } catch (error) {
      if (!isHeldByIdle(error) || !this.exchange.context.pools.makeRoom()) throw error;
      return this.connectOnce();
    }
  }

  private connectOnce(): number {
    const { transport, resolver } = this.exchange.context;
    const { hostname, port, socketPath } = this.side.server!.pool;
    if (socketPath !== '') return transport.connectUnix(socketPath);
    return transport.connect(resolver.cached(hostname) ?? hostname, port);
  }

  /** Each attempt gets its share of what is left of the time. */
  private limit(connection: UpstreamHttp1): void {
    if (this.endsAtMs === 0) return;
    const { now } = this.exchange.context.transport;
    connection.expireAt(now + Math.max(1, (this.endsAtMs - now) / (this.left + 1)));
  }
}
