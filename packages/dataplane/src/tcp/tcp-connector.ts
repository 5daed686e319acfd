// Finds a server for one session: picks, waits for a place where connections are limited, resolves, dials address after address, and
// goes on to the next server within what the service allows for that. One per session. Relays nothing.

import { TriedServers } from '@sluice/balancing';
import { type CatalogueEntry, Errors } from '@sluice/errors';
import { connectFailure, isHeldByIdle, resolveError } from '../http/upstream-errors.ts';
import type { ServerTls } from '../upstream/upstream-tls.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { ConnectionPlace, PlaceAnswer, type PlaceHolder } from './connection-place.ts';
import type { TcpServer } from './tcp-server.ts';
import type { TcpSession } from './tcp-session.ts';
import { TcpUpstream } from './tcp-upstream.ts';

export interface AttemptFailure {
  readonly server: TcpServer;
  readonly entry: CatalogueEntry;
}

export class TcpConnector implements PlaceHolder {
  /** The one that is connected to, or being tried. */
  server: TcpServer | undefined = undefined;
  /** Why the last one that was tried could not be used; undefined: none was. */
  failure: AttemptFailure | undefined = undefined;
  /** Servers that were tried beside the last one. */
  retries = 0;
  private readonly session: TcpSession;
  private readonly place = new ConnectionPlace(this);
  private tried: TriedServers | undefined = undefined;
  private upstream: TcpUpstream | undefined = undefined;
  /** Counts dials: an answer of the resolver may come when nobody waits for it any more. */
  private ticket = 0;
  private addressesLeft = 0;
  /** Monotonic milliseconds; 0: no limit. Of the server being tried, and of all retries. */
  private dialEndsAtMs = 0;
  private retriesEndAtMs = 0;
  /** Since when it is in line, of the transport's clock; 0: it is not. */
  private waitsSinceMs = 0;
  /** Of `performance.now`: the transport's clock stands still between batches. */
  private dialStartedAtMs = 0;

  constructor(session: TcpSession) {
    this.session = session;
  }

  private get context(): WorkerContext {
    return this.session.context;
  }

  /** Ends in `onServer` or `onNoServer` of the session, at once or later. */
  start(): void {
    const { session } = this;
    const server = session.route.service.pick(session.peer.bytes, this.tried);
    if (server === undefined) {
      session.onNoServer(this.failure?.entry ?? Errors.NO_SERVER_AVAILABLE);
      return;
    }
    this.use(server);
    const answer = this.place.obtain(server.places);
    if (answer === PlaceAnswer.TAKEN) this.dial();
    else if (answer === PlaceAnswer.WAITING) this.waitsSinceMs = this.context.transport.now;
    else if (answer === PlaceAnswer.FULL) this.onFailed(Errors.UPSTREAM_QUEUE_FULL, undefined);
  }

  /** The session is over: what was taken for it is given back. The connection itself is the session's. Again: nothing happens. */
  end(): void {
    this.ticket++;
    this.place.end();
    const { server, context } = this;
    if (server === undefined) return;
    context.status.addInFlight(server.statusRow, context.slot, -1);
    this.server = undefined;
  }

  /** Closes a connection that is being made. */
  drop(): void {
    this.upstream?.abort();
    this.upstream = undefined;
  }

  onPlace(): void {
    this.session.guarded(() => {
      this.endWait();
      this.dial();
    });
  }

  onPlaceTimeout(): void {
    this.session.guarded(() => {
      this.endWait();
      this.onFailed(Errors.UPSTREAM_QUEUE_TIMEOUT, undefined);
    });
  }

  onReady(upstream: TcpUpstream): void {
    this.upstream = undefined;
    this.session.onServer(upstream, performance.now() - this.dialStartedAtMs);
  }

  /** One attempt has failed: the next address, the next server, or nobody. */
  onFailed(entry: CatalogueEntry, detail: number | string | undefined): void {
    const wasConnected = this.upstream?.isConnected === true;
    this.drop();
    if (this.addressesLeft > 0 && !wasConnected && this.hasTime(this.dialEndsAtMs)) {
      this.connect();
      return;
    }
    this.failure = { server: this.server!, entry };
    this.session.onAttemptFailed(this.server!, entry, detail);
    if (entry.retry !== 'next-server' || !this.mayRetry()) this.session.onNoServer(entry);
    else this.retry();
  }

  /**
   * The server may have gone down, which whoever dials it learns much later, if ever: the next one. Where no other is up, this one is
   * still the best there is.
   */
  giveUpServer(): void {
    const { server, session, context } = this;
    if (server === undefined || context.status.isUp(server.statusRow)) return;
    if (!session.route.service.isHealthy() || !this.mayRetry()) return;
    this.endWait();
    this.addressesLeft = 0;
    this.ticket++;
    this.session.expireAt(0);
    this.onFailed(Errors.UPSTREAM_WENT_DOWN, undefined);
  }

  /** The time of one address is over, or of a handshake. */
  onTimeout(): void {
    const isConnected = this.upstream?.isConnected === true;
    this.onFailed(isConnected ? Errors.UPSTREAM_TLS_TIMEOUT : Errors.UPSTREAM_CONNECT_TIMEOUT, undefined);
  }

  /** Time in line has a limit of its own, and is none of the time for further tries. */
  private endWait(): void {
    if (this.waitsSinceMs === 0) return;
    if (this.retriesEndAtMs !== 0) this.retriesEndAtMs += this.context.transport.now - this.waitsSinceMs;
    this.waitsSinceMs = 0;
  }

  private use(server: TcpServer): void {
    const { context } = this;
    this.server = server;
    this.session.account.attempt(server, this.retries);
    context.status.addInFlight(server.statusRow, context.slot, 1);
  }

  private mayRetry(): boolean {
    const { retryAttempts, retryTimeoutMs } = this.server!.service;
    if (this.retries === 0 && retryTimeoutMs > 0) {
      this.retriesEndAtMs = this.context.transport.now + retryTimeoutMs;
    }
    return this.retries < retryAttempts && this.tried?.isFull !== true && this.hasTime(this.retriesEndAtMs);
  }

  private retry(): void {
    this.tried ??= new TriedServers();
    this.tried.add(this.server!.statusRow);
    this.retries++;
    this.end();
    this.start();
  }

  private dial(): void {
    const { resolver, transport } = this.context;
    const { record, transport: settings } = this.server!;
    this.dialStartedAtMs = performance.now();
    this.dialEndsAtMs = settings.dialTimeoutMs > 0 ? transport.now + settings.dialTimeoutMs : 0;
    if (this.retriesEndAtMs !== 0) {
      this.dialEndsAtMs = Math.min(this.dialEndsAtMs || this.retriesEndAtMs, this.retriesEndAtMs);
    }
    this.addressesLeft = resolver.addressCount(record.hostname);
    if (this.addressesLeft > 0) this.connect();
    else this.resolve(record.hostname);
  }

  private resolve(hostname: string): void {
    const { session, context } = this;
    const ticket = ++this.ticket;
    // The system's resolver has its own idea of how long a name may take.
    session.expireAt(this.dialEndsAtMs);
    context.resolver.resolve(hostname, (resolved, code) => {
      if (ticket !== this.ticket) return;
      session.guarded(() => {
        session.expireAt(0);
        this.addressesLeft = Math.max(1, context.resolver.addressCount(hostname));
        if (resolved !== undefined) this.connect();
        else {
          this.addressesLeft = 0;
          this.onFailed(resolveError(code), code);
        }
      });
    });
  }

  /** When what comes after the TCP connect must be done, which is part of connecting. @param latestAtMs at the latest */
  handshakeEndsAtMs(latestAtMs: number): number {
    return this.dialEndsAtMs === 0 ? latestAtMs : Math.min(latestAtMs, this.dialEndsAtMs);
  }

  /** The name was not resolved in time. */
  onResolveTimeout(): void {
    this.ticket++;
    this.onFailed(Errors.UPSTREAM_NAME_TIMEOUT, undefined);
  }

  private connect(): void {
    const { context, session } = this;
    const server = this.server!;
    const plan = { server, tls: this.tlsTo(server), asksFirst: session.asksFirst(server) };
    if (server.record.tls && plan.tls === undefined) {
      this.addressesLeft = 0;
      this.onFailed(Errors.UPSTREAM_TLS_SETTINGS, undefined);
      return;
    }
    const upstream = new TcpUpstream(context, session, this, plan);
    try {
      const id = this.connectOnce(server, upstream.speaksFirst || session.hasBytes());
      context.connections.add(id, upstream);
      this.upstream = upstream;
      upstream.expireAt(this.attemptEndsAtMs());
      upstream.begin();
    } catch (error) {
      this.addressesLeft = 0;
      this.onFailed(connectFailure(error), (error as NodeJS.ErrnoException).code);
      return;
    }
    this.addressesLeft--;
  }

  private connectOnce({ record: { hostname, port } }: TcpServer, speaksFirst: boolean): number {
    const { transport, resolver, pools } = this.context;
    const address = resolver.cached(hostname) ?? hostname;
    try {
      return transport.connect(address, port, speaksFirst);
    } catch (error) {
      if (!isHeldByIdle(error) || !pools.makeRoom()) throw error;
      return transport.connect(address, port, speaksFirst);
    }
  }

  private tlsTo({ record, transport }: TcpServer): ServerTls | undefined {
    return record.tls ? this.context.upstreamTls.settingsFor(transport.tlsKey) : undefined;
  }

  /** Addresses that are left have an equal part of the time each. */
  private attemptEndsAtMs(): number {
    if (this.dialEndsAtMs === 0) return 0;
    const { now } = this.context.transport;
    return now + Math.max(1, (this.dialEndsAtMs - now) / Math.max(1, this.addressesLeft));
  }

  private hasTime(endsAtMs: number): boolean {
    return endsAtMs === 0 || this.context.transport.now < endsAtMs;
  }
}
