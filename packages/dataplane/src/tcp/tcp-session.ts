// A client's connection that a TCP router takes, to its end: gets a server, joins the two connections, and lets the transport relay
// until both directions are over. No byte is looked at here, and no timeout of the entry point applies. Outlives reloads: it holds its
// route. Allocates a few objects per connection, nothing per byte.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { RELAY_SHUTDOWN, RELAY_UNTIL_END, RelayEnd } from '@sluice/native';
import type { TcpEndLabel } from '@sluice/shared-state';
import type { EntryPoint } from '../http/entry-point.ts';
import { HeldInput } from '../http/held-input.ts';
import type { PeerAddress } from '../listen/peer-address.ts';
import type { DownstreamTls } from '../tls/downstream-tls.ts';
import { type BeginsWithBytes, DownstreamConnection } from '../worker/downstream-connection.ts';
import type { Enrolled } from '../worker/roster.ts';
import { Pause } from '../worker/stream-connection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { LastBytes } from './last-bytes.ts';
import { sendProxyHeader } from './send-proxy-header.ts';
import { SessionAccount } from './session-account.ts';
import { TcpConnector } from './tcp-connector.ts';
import type { TcpRoute } from './tcp-route.ts';
import type { TcpServer } from './tcp-server.ts';
import type { TcpUpstream } from './tcp-upstream.ts';

const Direction = {
  OPEN: 0,
  /** The source finished in order and the destination has been told. */
  ENDED: 1,
  /** The destination takes nothing more; why, its own end will tell. */
  REFUSED: 2,
} as const;

export interface SessionOrigin {
  readonly route: TcpRoute;
  /** The client began with PostgreSQL's SSLRequest; or its TLS, ended here, is said to have PostgreSQL's protocol inside. */
  readonly isPostgres?: boolean;
  /** As its ClientHello says; empty: it says none, or is plain. */
  readonly serverName?: string;
  /** TLS is ended here. */
  readonly tls?: DownstreamTls | undefined;
}

export class TcpSession extends DownstreamConnection implements BeginsWithBytes, Enrolled {
  readonly route: TcpRoute;
  place = -1;
  readonly serverName: string;
  readonly tls: DownstreamTls | undefined;
  readonly account: SessionAccount;
  private readonly isPostgres: boolean;
  private readonly connector: TcpConnector;
  /** Set once the two are joined. */
  private upstream: TcpUpstream | undefined = undefined;
  /** What the client has sent before. */
  private held: HeldInput | undefined = undefined;
  private toServer: number = Direction.OPEN;
  private toClient: number = Direction.OPEN;
  private firstToEnd: 'client' | 'server' | undefined = undefined;
  private isSettled = false;
  private isOver = false;
  /** Set when it is over and the client is still to get what the server has sent before it broke. */
  private lastBytes: LastBytes | undefined = undefined;
  /** With its server down: monotonic milliseconds at which it ends; 0: it does not. */
  private endsAtMs = 0;

  /** The client has entered the route, which it settles and leaves. */
  constructor(context: WorkerContext, entryPoint: EntryPoint, peer: PeerAddress, origin: SessionOrigin) {
    super(context, entryPoint, peer);
    this.route = origin.route;
    this.isPostgres = origin.isPostgres ?? false;
    this.serverName = origin.serverName ?? '';
    this.tls = origin.tls;
    this.account = new SessionAccount(this);
    this.connector = new TcpConnector(this);
  }

  override opened(): void {
    this.expireAt(0);
    this.context.tcp.sessions.add(this);
    // What the client sends meanwhile waits in the kernel.
    this.pauseFor(Pause.HELD_INPUT);
    this.connector.start();
  }

  beginWith(bytes: Buffer, start: number, end: number): void {
    this.hold(bytes, start, end);
    this.opened();
  }

  private hold(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.held === undefined) this.held = new HeldInput(this.context.buffered, bytes, start, end);
    else this.held.append(bytes, start, end);
  }

  /** The client has sent something already. */
  hasBytes(): boolean {
    return this.held !== undefined || this.context.transport.unreadBytes(this.id) > 0;
  }

  /** Must such a server be asked for TLS before it is spoken to? */
  asksFirst({ record, service }: TcpServer): boolean {
    if (record.tls && service.isPostgres) return true;
    return this.isPostgres && (record.tls || this.route.tls === 'passthrough');
  }

  sendProxyHeader(upstream: number, version: number): void {
    sendProxyHeader(this.context, this.id, this.peer, upstream, version);
  }

  /** The one that it is connected to, or that is being tried. */
  get server(): TcpServer | undefined {
    return this.connector.server;
  }

  get isJoined(): boolean {
    return this.upstream !== undefined;
  }

  onServer(upstream: TcpUpstream, connectMs: number): void {
    const { transport } = this.context;
    this.upstream = upstream;
    const { held } = this;
    this.settle();
    this.account.joined(this.connector.server!, upstream.id, connectMs, held?.length ?? 0);
    if (held !== undefined) {
      upstream.write(held.bytes, held.start, held.end);
      this.releaseHeld();
    }
    const flags = RELAY_SHUTDOWN | this.entryPoint.relayFlags;
    transport.relay(this.id, upstream.id, RELAY_UNTIL_END, flags);
    transport.relay(upstream.id, this.id, RELAY_UNTIL_END, flags);
    this.resumeFor(Pause.HELD_INPUT);
  }

  /** Another one may follow. */
  onAttemptFailed(server: TcpServer, entry: CatalogueEntry, detail: number | string | undefined): void {
    this.account.failed(server, entry);
    const { log } = this.context;
    const { name: router, serviceName: service } = this.route;
    const about = { router, service, server: server.record.address, detail };
    // A line for each is for those who look for something; a flood of clients must not become one of lines.
    if (entry.logLevel !== 'debug') {
      const { refusals } = this.entryPoint;
      refusals.refused(entry, this.peer.text, performance.now(), about, `${router} ${about.server} ${detail}`);
    } else if (log.isLevelEnabled('debug')) {
      log.debug({ code: entry.code, client: this.peer.text, ...about }, entry.meaning);
    }
  }

  onNoServer(entry: CatalogueEntry): void {
    const { entryPoint, route, peer, connector } = this;
    const server = connector.failure?.server.record.address;
    const about = { router: route.name, server, reason: entry.code };
    entryPoint.refusals.refused(Errors.SESSION_WITHOUT_SERVER, peer.text, performance.now(), about);
    this.finish('no-server', false, false, entry);
  }

  override idleForMs(): number {
    return 0;
  }

  /** No request of HTTP. */
  override endRequests(): void {}

  override endTunnels(): void {
    this.finish('drain', false, false);
  }

  /** Once in a while. @param now monotonic milliseconds @param drainMs over which `drain` ends sessions of a server that is down */
  look(now: number, drainMs: number): void {
    const { upstream } = this;
    // The server that it tries or waits for may have gone down.
    if (upstream === undefined) this.guarded(() => this.connector.giveUpServer());
    else {
      upstream.probe();
      this.checkServer(now, drainMs);
    }
  }

  /** The service wants an end of connections to a server that is down: at once, or at some moment within `drainMs`. */
  private checkServer(now: number, drainMs: number): void {
    const { context, server } = this;
    if (server === undefined || server.service.onServerDown === 'keep' || context.status.isUp(server.statusRow)) {
      this.endsAtMs = 0;
      return;
    }
    if (this.endsAtMs === 0)
      this.endsAtMs = now + (server.service.onServerDown === 'reset' ? 0 : Math.random() * drainMs);
    if (now >= this.endsAtMs) this.finish('server-down', false, false);
  }

  /** Brings the counts of bytes up to date. */
  count(): void {
    this.account.count(this.upstream?.id ?? 0);
  }

  override onData(offset: number, length: number): void {
    const { memory } = this.context.transport;
    const { upstream } = this;
    // In the batch of what began it; the relay has not read any yet.
    if (upstream === undefined) this.hold(memory, offset, offset + length);
    else {
      upstream.write(memory, offset, offset + length);
      this.account.passed(length, 0);
    }
  }

  onServerBytes(offset: number, length: number): void {
    this.write(this.context.transport.memory, offset, offset + length);
    this.account.passed(0, length);
  }

  /** The relay tells it, too. */
  override onEnd(): void {}

  override onDrained(): void {}

  override onRelayed(bytes: number, end: number): void {
    if (this.isOver) return;
    this.account.relayedFromClient(bytes);
    this.toServer = directionAfter(end);
    this.onDirectionOver('client', end);
  }

  onServerRelayed(bytes: number, end: number): void {
    if (this.isOver) return;
    this.account.relayedToClient(bytes);
    this.toClient = directionAfter(end);
    this.onDirectionOver('server', end);
  }

  override onClosed(errno: number): void {
    // In order is only a connection whose relays have ended; their events may still be to come.
    if (errno !== 0 || this.upstream === undefined) this.onBroken('client-reset');
  }

  onServerClosed(errno: number): void {
    if (errno !== 0) this.onBroken('server-reset');
  }

  /** A name was not resolved in time; or one side has ended, and the other has had its time. */
  override onExpired(): void {
    if (this.lastBytes !== undefined) this.resetClient(this.lastBytes);
    else if (this.upstream === undefined) this.connector.onResolveTimeout();
    else this.finish(this.isEndedByServer ? 'server-termination-delay' : 'client-termination-delay', true, true);
  }

  /** One that takes nothing more has ended as well. */
  private get isEndedByServer(): boolean {
    return this.firstToEnd === 'server' || (this.firstToEnd === undefined && this.toServer === Direction.REFUSED);
  }

  override giveUp(): void {
    if (this.isOver) this.abort();
    else this.finish(this.context.draining ? 'drain' : 'fault', false, false);
  }

  override forget(): void {
    this.releaseHeld();
    super.forget();
  }

  /** For what comes outside of a batch: a fault ends this session only. */
  guarded(act: () => void): void {
    // The transport's clock stands still between batches.
    this.context.transport.flush();
    try {
      act();
    } catch (error) {
      this.context.log.error({ err: error, code: Errors.INTERNAL_FAULT.code }, Errors.INTERNAL_FAULT.meaning);
      this.giveUp();
    }
    this.context.transport.flush();
  }

  private onDirectionOver(source: 'client' | 'server', end: number): void {
    if (end !== RelayEnd.SOURCE_END && end !== RelayEnd.DESTINATION_BROKEN) {
      this.onBroken(source === 'client' ? 'client-reset' : 'server-reset');
      return;
    }
    if (end === RelayEnd.SOURCE_END) this.firstToEnd ??= source;
    if (this.toServer !== Direction.OPEN && this.toClient !== Direction.OPEN) {
      // Nothing can follow either way; what is queued for a side whose peer ended in order still reaches it.
      this.finish(this.firstToEnd ?? source, this.toClient === Direction.ENDED, this.toServer === Direction.ENDED);
    } else this.limitRest();
  }

  /** One direction is over: the other one may go on for a while. */
  private limitRest(): void {
    const { terminationDelayMs } = this.connector.server!.service;
    if (terminationDelayMs >= 0) this.expireAt(this.context.transport.now + Math.max(1, terminationDelayMs));
  }

  /** A side is gone without a proper end: the other must not take it for one. */
  private onBroken(label: TcpEndLabel): void {
    this.finish(label, this.toClient === Direction.ENDED, this.toServer === Direction.ENDED);
  }

  /** The last act. Each side is closed in order, or reset. */
  private finish(label: TcpEndLabel, closesClient: boolean, closesServer: boolean, entry?: CatalogueEntry): void {
    if (this.isOver) return;
    this.isOver = true;
    const { upstream, connector } = this;
    this.account.ended(label, entry, upstream?.id ?? 0);
    this.context.tcp.sessions.delete(this);
    this.settle();
    this.upstream = undefined;
    connector.drop();
    connector.end();
    this.route.leave(this.peer.bytes);
    const isBroken = label === 'client-reset' || label === 'server-reset';
    if (closesServer) upstream?.closeGracefully();
    else if (isBroken) upstream?.resetAfterLastBytes();
    else upstream?.abort();
    if (closesClient) this.closeGracefully();
    else if (isBroken) this.resetClient(new LastBytes(this));
    else this.abort();
  }

  /** Once the client has everything. */
  private resetClient(lastBytes: LastBytes): void {
    if (this.id === 0) return;
    this.lastBytes = lastBytes;
    if (!lastBytes.remain()) this.abort();
  }

  /** There is a server, or there will be none: from here on the session needs nothing of its revision. */
  private settle(): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.route.settled();
  }

  private releaseHeld(): void {
    this.held?.release();
    this.held = undefined;
  }
}

function directionAfter(end: number): number {
  if (end === RelayEnd.SOURCE_END) return Direction.ENDED;
  return end === RelayEnd.DESTINATION_BROKEN ? Direction.REFUSED : Direction.OPEN;
}
