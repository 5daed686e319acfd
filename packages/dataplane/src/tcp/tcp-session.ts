// A client's connection that a TCP router takes, to its end: gets a server, joins the two connections, and lets the transport relay
// until both directions are over. No byte is looked at here, and no timeout of the entry point applies. Outlives reloads: it holds its
// route. Allocates a few objects per connection, nothing per byte.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { RELAY_SHUTDOWN, RELAY_UNTIL_END, RelayEnd } from '@sluice/native';
import type { EntryPoint } from '../http/entry-point.ts';
import { HeldInput } from '../http/held-input.ts';
import type { PeerAddress } from '../listen/peer-address.ts';
import { type BeginsWithBytes, DownstreamConnection } from '../worker/downstream-connection.ts';
import { Pause } from '../worker/stream-connection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { sendProxyHeader } from './send-proxy-header.ts';
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
  /** The client began with PostgreSQL's SSLRequest. */
  readonly isPostgres: boolean;
}

export class TcpSession extends DownstreamConnection implements BeginsWithBytes {
  readonly route: TcpRoute;
  private readonly isPostgres: boolean;
  private readonly connector: TcpConnector;
  /** Set once the two are joined. */
  private upstream: TcpUpstream | undefined = undefined;
  /** What the client has sent before. */
  private held: HeldInput | undefined = undefined;
  private toServer: number = Direction.OPEN;
  private toClient: number = Direction.OPEN;
  private isOver = false;

  /** The client has entered the route, which it leaves at the end. */
  constructor(context: WorkerContext, entryPoint: EntryPoint, peer: PeerAddress, { route, isPostgres }: SessionOrigin) {
    super(context, entryPoint, peer);
    this.route = route;
    this.isPostgres = isPostgres;
    this.connector = new TcpConnector(this);
  }

  override opened(): void {
    this.expireAt(0);
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

  /** Must such a server be asked for TLS before it is spoken to? */
  asksFirst({ record }: TcpServer): boolean {
    return this.isPostgres && (record.tls || this.route.tls === 'passthrough');
  }

  sendProxyHeader(upstream: number, version: number): void {
    sendProxyHeader(this.context, this.id, this.peer, upstream, version);
  }

  onServer(upstream: TcpUpstream, _connectMs: number): void {
    const { transport } = this.context;
    this.upstream = upstream;
    const { held } = this;
    if (held !== undefined) {
      upstream.write(held.bytes, held.start, held.end);
      this.releaseHeld();
    }
    transport.relay(this.id, upstream.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
    transport.relay(upstream.id, this.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
    this.resumeFor(Pause.HELD_INPUT);
  }

  /** Another one may follow. */
  onAttemptFailed({ record }: TcpServer, { code, meaning }: CatalogueEntry, detail: number | string | undefined): void {
    const { log } = this.context;
    if (!log.isLevelEnabled('debug')) return;
    log.debug({ code, router: this.route.name, server: record.address, detail }, meaning);
  }

  onNoServer(_entry: CatalogueEntry, _detail: number | string | undefined): void {
    this.finish(false, false);
  }

  override idleForMs(): number {
    return 0;
  }

  /** No request of HTTP. */
  override endRequests(): void {}

  override endTunnels(): void {
    this.giveUp();
  }

  override onData(offset: number, length: number): void {
    const { memory } = this.context.transport;
    const { upstream } = this;
    // In the batch of what began it; the relay has not read any yet.
    if (upstream === undefined) this.hold(memory, offset, offset + length);
    else upstream.write(memory, offset, offset + length);
  }

  onServerBytes(offset: number, length: number): void {
    this.write(this.context.transport.memory, offset, offset + length);
  }

  /** The relay tells it, too. */
  override onEnd(): void {}

  override onDrained(): void {}

  override onRelayed(_bytes: number, end: number): void {
    this.toServer = directionAfter(end);
    this.onDirectionOver(end);
  }

  onServerRelayed(_bytes: number, end: number): void {
    this.toClient = directionAfter(end);
    this.onDirectionOver(end);
  }

  override onClosed(errno: number): void {
    // In order is only a connection whose relays have ended; their events may still be to come.
    if (errno !== 0 || this.upstream === undefined) this.onBroken();
  }

  onServerClosed(errno: number): void {
    if (errno !== 0) this.onBroken();
  }

  /** A name was not resolved in time; or one side has ended, and the other has had its time. */
  override onExpired(): void {
    if (this.upstream === undefined) this.connector.onResolveTimeout();
    else this.finish(true, true);
  }

  override giveUp(): void {
    this.finish(false, false);
  }

  override forget(): void {
    this.releaseHeld();
    super.forget();
  }

  /** For what comes outside of a batch: a fault ends this session only. */
  guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.context.log.error({ err: error, code: Errors.INTERNAL_FAULT.code }, Errors.INTERNAL_FAULT.meaning);
      this.giveUp();
    }
    this.context.transport.flush();
  }

  private onDirectionOver(end: number): void {
    if (this.isOver) return;
    if (end !== RelayEnd.SOURCE_END && end !== RelayEnd.DESTINATION_BROKEN) this.onBroken();
    else if (this.toServer !== Direction.OPEN && this.toClient !== Direction.OPEN) {
      // Nothing can follow either way; what is queued for a side whose peer ended in order still reaches it.
      this.finish(this.toClient === Direction.ENDED, this.toServer === Direction.ENDED);
    } else this.limitRest();
  }

  /** One direction is over: the other one may go on for a while. */
  private limitRest(): void {
    const { terminationDelayMs } = this.connector.server!.service;
    if (terminationDelayMs >= 0) this.expireAt(this.context.transport.now + Math.max(1, terminationDelayMs));
  }

  /** A side is gone without a proper end: the other must not take it for one. */
  private onBroken(): void {
    this.finish(this.toClient === Direction.ENDED, this.toServer === Direction.ENDED);
  }

  /** The last act. Each side is closed in order, or reset. */
  private finish(closesClient: boolean, closesServer: boolean): void {
    if (this.isOver) return;
    this.isOver = true;
    const { upstream, connector } = this;
    this.upstream = undefined;
    connector.drop();
    connector.end();
    this.route.leave(this.peer.bytes);
    if (closesServer) upstream?.closeGracefully();
    else upstream?.abort();
    if (closesClient) this.closeGracefully();
    else this.abort();
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
