// A connection to a server while it is being made, for all who wait for it: the name is resolved, addresses are tried in turn, TLS is
// agreed on, and then it is known whether it speaks HTTP/2 or HTTP/1 (RFC 7301). Belongs to no exchange, and goes on when those who
// wait are gone. Allocates per connection.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { TlsFailure, tlsReason } from '@sluice/native';
import { connectError, connectFailure, resolveError } from '../../http/upstream-errors.ts';
import { StreamConnection } from '../../worker/stream-connection.ts';
import type { WorkerContext } from '../../worker/worker-context.ts';
import { connectToServer, HANDSHAKE_MS } from '../connect-to-server.ts';
import { hasPeerName } from '../peer-names.ts';
import { H2_POSITION, HTTP2_FIRST, startServerTls } from '../start-server-tls.ts';
import { handshakeError } from '../tls-errors.ts';
import { UpstreamHttp1 } from '../upstream-http1.ts';
import type { UpstreamPool } from '../upstream-pool.ts';
import type { ServerTls } from '../upstream-tls.ts';
import type { SharedConnections } from './shared-connections.ts';
import { UpstreamHttp2 } from './upstream-http2.ts';

export class UpstreamOpening extends StreamConnection {
  /** One of the server's places is ours until a connection has it. */
  holdsPlace = false;
  private readonly pool: UpstreamPool;
  private readonly shared: SharedConnections;
  private tls: ServerTls | undefined = undefined;
  /** Addresses that have not been tried yet. */
  private left = 0;
  /** Monotonic milliseconds; 0: no limit. */
  private endsAtMs = 0;
  private securing = false;

  constructor(context: WorkerContext, pool: UpstreamPool, shared: SharedConnections) {
    super(context);
    this.pool = pool;
    this.shared = shared;
  }

  start(): void {
    const { pool } = this;
    const { resolver, upstreamTls, transport } = this.context;
    if (pool.secure) {
      this.tls = upstreamTls.settingsFor(pool.transportName);
      if (this.tls === undefined) {
        this.fail(Errors.UPSTREAM_TLS_SETTINGS, 0);
        return;
      }
    }
    const addresses = resolver.addressCount(pool.hostname);
    if (addresses > 0) {
      this.begin(addresses);
      return;
    }
    resolver.resolve(pool.hostname, (resolved, code) => {
      if (resolved === undefined) this.fail(resolveError(code), code);
      else this.begin(Math.max(1, resolver.addressCount(pool.hostname)));
      transport.flush();
    });
  }

  private begin(addresses: number): void {
    const { dialTimeoutMs } = this.pool;
    this.left = addresses;
    this.endsAtMs = dialTimeoutMs > 0 ? this.context.transport.now + dialTimeoutMs : 0;
    this.tryNext();
  }

  private tryNext(): void {
    const { context, pool, tls } = this;
    const { now } = context.transport;
    this.left--;
    try {
      context.connections.add(connectToServer(context, pool), this);
      if (tls !== undefined) startServerTls(this, pool, tls, HTTP2_FIRST);
    } catch (error) {
      context.log.debug({ err: error, server: pool.hostname }, 'connecting failed');
      this.abort();
      if (this.left > 0) this.tryNext();
      else this.fail(connectFailure(error), 0);
      return;
    }
    // Each attempt gets its share of what is left of the time.
    if (this.endsAtMs > 0) this.expireAt(now + Math.max(1, (this.endsAtMs - now) / (this.left + 1)));
  }

  override onConnected(): void {
    if (this.tls === undefined) {
      this.becomeHttp2();
      return;
    }
    this.securing = true;
    const endsAtMs = this.context.transport.now + HANDSHAKE_MS;
    this.expireAt(this.endsAtMs > 0 ? Math.min(this.endsAtMs, endsAtMs) : endsAtMs);
  }

  override onTlsReady(_facts: number, _suite: number, protocol: number): void {
    const { peerNames } = this.tls!;
    const { transport } = this.context;
    if (peerNames.length > 0 && !hasPeerName(transport.peerCertificates(this.id)?.[0], peerNames)) {
      this.fail(Errors.UPSTREAM_CERTIFICATE_NAME, 'none of peerCertSANs');
    } else if (protocol === H2_POSITION) this.becomeHttp2();
    else this.becomeHttp1();
  }

  private becomeHttp2(): void {
    const connection = new UpstreamHttp2(this.context, this.pool, this.shared);
    this.passTo(connection);
    connection.opened();
    this.shared.onOpened(this, connection);
  }

  private becomeHttp1(): void {
    const connection = new UpstreamHttp1(this.context, this.pool, this.tls);
    connection.connected = true;
    this.passTo(connection);
    connection.expireAt(0);
    this.shared.onOpenedHttp1(this, connection);
  }

  private passTo(connection: UpstreamHttp1 | UpstreamHttp2): void {
    connection.holdsPlace = this.holdsPlace;
    this.holdsPlace = false;
    this.replaceWith(connection);
  }

  override onConnectFailed(errno: number): void {
    if (this.left > 0) this.tryNext();
    else this.fail(connectError(errno), errno);
  }

  override onClosed(errno: number, failure: number, event: number): void {
    const reason = tlsReason(this.context.transport, event);
    if (failure === TlsFailure.NONE) this.fail(Errors.UPSTREAM_CONNECT_FAILED, errno);
    else this.fail(handshakeError(failure, reason), reason);
  }

  override onExpired(): void {
    const { now } = this.context.transport;
    if (this.securing) this.fail(Errors.UPSTREAM_TLS_TIMEOUT, 0);
    else if (this.left === 0 || now >= this.endsAtMs) this.fail(Errors.UPSTREAM_CONNECT_TIMEOUT, 0);
    else {
      this.abort();
      this.tryNext();
    }
  }

  override giveUp(): void {
    this.fail(Errors.UPSTREAM_CONNECT_FAILED, 0);
  }

  private fail(entry: CatalogueEntry, detail: number | string): void {
    this.abort();
    if (this.holdsPlace) {
      this.holdsPlace = false;
      this.pool.places?.release();
    }
    this.shared.onOpeningFailed(this, entry, detail);
  }

  override onData(): void {}
  override onEnd(): void {}
  override onDrained(): void {}
  override onRelayed(): void {}
}
