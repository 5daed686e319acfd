// A client's connection from the first byte of its ClientHello to the end of its handshake: collects the hello, has options and
// certificate chosen by it, starts TLS, and gives way to what the client speaks inside. Bounded in bytes and in time.
// Allocates per connection; no byte of HTTP is seen here.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { tlsReason } from '@sluice/native';
import { helloErrorMessage, POSTGRES_ALPN, parseClientHello } from '@sluice/protocols';
import { HTTPS, type TcpTables, tlsRoute } from '@sluice/routing/snapshot';
import { DownstreamHttp1 } from '../http/downstream-http1.ts';
import type { EntryPoint } from '../http/entry-point.ts';
import { HeldInput } from '../http/held-input.ts';
import { addressText, type PeerAddress } from '../listen/peer-address.ts';
import { admitToRoute } from '../tcp/admit-to-route.ts';
import type { TcpRoute } from '../tcp/tcp-route.ts';
import { TcpSession } from '../tcp/tcp-session.ts';
import { type BeginsWithBytes, DownstreamConnection } from '../worker/downstream-connection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { DownstreamTls, type HandshakeChoice } from './downstream-tls.ts';
import type { ServerContext } from './tls-context-cache.ts';
import { isSelected } from './tls-termination.ts';

/** From the first byte of the hello; less where the entry point waits less long for the head of a request. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Part of a hello up to this long may be kept even when the worker keeps too much already. */
const SMALL_HELLO_BYTES = 8 * 1024;
/** Fatal, unrecognized_name (RFC 6066 §3), in a record of its own. */
const UNRECOGNIZED_NAME = Uint8Array.of(0x15, 0x03, 0x03, 0, 2, 2, 112);
const POSTGRES_PROTOCOL = Buffer.from(POSTGRES_ALPN);
const NO_BYTES = Buffer.alloc(0);

export class TlsAccept extends DownstreamConnection implements BeginsWithBytes {
  private held: HeldInput | undefined = undefined;
  /** Set when the handshake is under way. */
  private server: ServerContext | undefined = undefined;
  private choice: HandshakeChoice = { serverName: '', optionsName: '' };
  /** The TCP router that goes on after the handshake; undefined: HTTP. */
  private route: TcpRoute | undefined = undefined;
  /** The client has asked for TLS as PostgreSQL's do: only routers of TCP take it. */
  private readonly isPostgres: boolean;
  /** It has begun with TLS at once, and will speak PostgreSQL's protocol inside. */
  private isPostgresInside = false;

  constructor(context: WorkerContext, entryPoint: EntryPoint, peer: PeerAddress, isPostgres = false) {
    super(context, entryPoint, peer);
    this.isPostgres = isPostgres;
  }

  override opened(): void {
    const { headTimeoutMs } = this.entryPoint;
    const timeoutMs = headTimeoutMs > 0 ? Math.min(headTimeoutMs, HANDSHAKE_TIMEOUT_MS) : HANDSHAKE_TIMEOUT_MS;
    this.expireAt(this.context.transport.now + timeoutMs);
  }

  beginWith(bytes: Buffer, start: number, end: number): void {
    this.opened();
    this.onBytes(bytes, start, end);
  }

  /** Its own deadline ends it: until then there is something under way. */
  override idleForMs(): number {
    return 0;
  }

  override get unfinishedHeadBytes(): number {
    const { held } = this;
    return held !== undefined && held.length > SMALL_HELLO_BYTES ? held.bytes.length : 0;
  }

  override turnAway(): void {
    this.refuse(Errors.BUFFERS_EXHAUSTED);
    this.abort();
  }

  override onData(offset: number, length: number): void {
    this.onBytes(this.context.transport.memory, offset, offset + length);
  }

  /** More of the hello: bytes of the transport's memory, or any others. Valid during the call only. */
  onBytes(bytes: Buffer, start: number, end: number): void {
    const { held, context } = this;
    if (held === undefined) {
      const taken = parseClientHello(context.tls.hello, bytes, start, end);
      if (taken === 0) this.held = new HeldInput(context.buffered, bytes, start, end);
      else this.onHello(taken, bytes, start, end);
    } else {
      held.append(bytes, start, end);
      const taken = parseClientHello(context.tls.hello, held.bytes, held.start, held.end);
      if (taken !== 0) this.onHello(taken, held.bytes, held.start, held.end);
    }
    if (context.buffered.isFull && this.unfinishedHeadBytes > 0) this.turnAway();
  }

  override onEnd(): void {
    this.closeGracefully();
  }

  override onClosed(_errno: number, failure: number, event: number): void {
    if (this.server === undefined) return;
    const { log, transport } = this.context;
    if (!log.isLevelEnabled(Errors.TLS_HANDSHAKE_FAILED.logLevel)) return;
    this.tell(Errors.TLS_HANDSHAKE_FAILED, failure === 0 ? 'the client left' : tlsReason(transport, event));
  }

  override onDrained(): void {}

  override onRelayed(): void {}

  override onExpired(): void {
    this.refuse(Errors.TLS_HANDSHAKE_TIMEOUT);
    this.abort();
  }

  override giveUp(): void {
    this.abort();
  }

  override forget(): void {
    this.releaseHeld();
    if (this.route !== undefined) this.leaveRoute(this.route);
    this.route = undefined;
    super.forget();
  }

  override onTlsReady(facts: number, suite: number, protocol: number): void {
    const { context, server, id } = this;
    const tls = new DownstreamTls(context.transport, id, this.choice, facts, suite);
    this.server = undefined;
    const { route } = this;
    if (route !== undefined) {
      this.beginTcp(route, tls, NO_BYTES, 0, 0);
      return;
    }
    if (server!.protocols[protocol] === 'h2') {
      context.openHttp2(this, tls, NO_BYTES, 0, 0);
      return;
    }
    const connection = new DownstreamHttp1(context, this.entryPoint, this.peer, tls);
    this.replaceWith(connection);
    connection.opened();
  }

  /** `taken`: what the parser has said of the bytes, which are all that came so far. */
  private onHello(taken: number, bytes: Buffer, start: number, end: number): void {
    if (taken < 0) {
      this.tell(Errors.TLS_HELLO_INVALID, helloErrorMessage(taken));
      this.closeGracefully();
      return;
    }
    const { entryPoint, context } = this;
    const tables = entryPoint.tcpIn(context.revision);
    if (tables !== undefined && tables.tlsIndex !== -1) {
      if (this.isDealtWith(tables, bytes, start, end)) return;
    } else if (this.isPostgres) {
      this.closeGracefully();
      return;
    }
    if (this.context.tls.isFull) {
      this.refuse(Errors.TLS_HANDSHAKES_EXCEEDED);
      this.context.tls.refused(Errors.TLS_HANDSHAKES_EXCEEDED, this.entryPoint.name, this.peer.text);
      this.abort();
      return;
    }
    this.terminate(bytes, start, end);
    this.releaseHeld();
  }

  /** A TCP router has it now, with or without a handshake here; or it is to be closed. @returns false: go on with a handshake */
  private isDealtWith(tables: TcpTables, bytes: Buffer, start: number, end: number): boolean {
    const { context, entryPoint, peer } = this;
    const { revision, tcp, tls } = context;
    const view = tcp.helloView.of(tls.hello, peer.bytes);
    const router = this.isPostgres
      ? revision.matcher.matchTcp(tables.tlsIndex, view)
      : tlsRoute(tables, entryPoint.hostsIn(revision), revision.matcher, revision.reader, view);
    if (router === HTTPS && !this.isPostgres) return false;
    if (router === HTTPS) {
      this.tell(Errors.NO_ROUTER, undefined);
      this.closeGracefully();
      return true;
    }
    const route = admitToRoute(context, entryPoint, peer, router);
    if (route === undefined) {
      this.abort();
      return true;
    }
    if (route.tls === 'closed') {
      this.tell(Errors.TLS_OPTIONS_MISSING, undefined);
      this.leaveRoute(route);
      this.closeGracefully();
      return true;
    }
    if (route.tls === 'passthrough') {
      this.choice = { serverName: view.serverName, optionsName: '' };
      this.beginTcp(route, undefined, bytes, start, end);
      this.releaseHeld();
      return true;
    }
    this.route = route;
    this.isPostgresInside = view.offersAlpn(POSTGRES_PROTOCOL);
    return false;
  }

  private leaveRoute(route: TcpRoute): void {
    route.settled();
    route.leave(this.peer.bytes);
  }

  private beginTcp(route: TcpRoute, tls: DownstreamTls | undefined, bytes: Buffer, start: number, end: number): void {
    const { context, entryPoint, peer, choice } = this;
    const { serverName } = choice;
    const isPostgres = this.isPostgres || this.isPostgresInside;
    const session = new TcpSession(context, entryPoint, peer, { route, isPostgres, serverName, tls });
    this.route = undefined;
    this.replaceWith(session);
    if (start < end) session.beginWith(bytes, start, end);
    else session.opened();
  }

  private terminate(bytes: Buffer, start: number, end: number): void {
    const { tls, revision, transport } = this.context;
    const { serverName } = tls.hello;
    const optionsName = this.route?.tlsOptions ?? this.entryPoint.hostsIn(revision).optionsFor(serverName);
    const selected = tls.select(optionsName, serverName, () => this.localAddress(), this.route !== undefined);
    if (!isSelected(selected)) {
      this.tell(selected, undefined);
      if (selected === Errors.TLS_NAME_UNKNOWN) this.sendAlert();
      this.closeGracefully();
      return;
    }
    this.choice = { serverName, optionsName: selected.options.name };
    this.server = selected.server;
    const errno = transport.startTls(this.id, selected.server.context, this.inMemory(bytes, start, end), end - start);
    // The connection is broken already, or memory is short.
    if (errno !== 0) this.abort();
  }

  private localAddress(): string {
    const { proxied } = this.peer;
    if (proxied !== undefined) return addressText(proxied.destination);
    return this.context.transport.localAddress(this.id)?.address ?? '';
  }

  /** Where the bytes lie in the transport's memory: they are there, or are put there. */
  private inMemory(bytes: Buffer, start: number, end: number): number {
    const { transport } = this.context;
    if (bytes === transport.memory) return start;
    const at = transport.reserve(end - start);
    transport.memory.set(bytes.subarray(start, end), at);
    return at;
  }

  private sendAlert(): void {
    const { transport } = this.context;
    const at = transport.reserve(UNRECOGNIZED_NAME.length);
    transport.memory.set(UNRECOGNIZED_NAME, at);
    transport.send(this.id, at, UNRECOGNIZED_NAME.length);
  }

  private refuse(entry: CatalogueEntry): void {
    this.tell(entry, undefined);
    this.entryPoint.metrics?.limits.reached(entry);
  }

  /** At level debug, whatever the entry says: one bad client must not flood the log. */
  private tell({ code, meaning }: CatalogueEntry, reason: string | undefined): void {
    const { log } = this.context;
    if (!log.isLevelEnabled('debug')) return;
    const serverName = this.choice.serverName === '' ? undefined : this.choice.serverName;
    log.debug({ code, entryPoint: this.entryPoint.name, client: this.peer.text, serverName, reason }, meaning);
  }

  private releaseHeld(): void {
    this.held?.release();
    this.held = undefined;
  }
}
