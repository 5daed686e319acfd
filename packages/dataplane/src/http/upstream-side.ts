// The upstream half of an exchange: picks a server, obtains a connection, sends the request, reads the answer, and tries
// once more on a fresh connection where that is safe (reference/http-services §10.6). One per exchange object, reused.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { BodyKind, Field, type HeadLimits, parseResponseHead, responseBodyKind } from '@sluice/protocols';
import type { UpstreamChannel } from '../upstream/upstream-channel.ts';
import type { ServerRuntime } from '../worker/service-runtime.ts';
import { PipeState } from './body-pipe.ts';
import { removeConnectionOptions } from './hop-by-hop.ts';
import type { HttpExchange } from './http-exchange.ts';
import { Phase } from './phase.ts';
import { sourceKind } from './source-kind.ts';
import { UpstreamDial } from './upstream-dial.ts';
import { lostError, responseHeadError } from './upstream-errors.ts';
import { UpstreamPlace } from './upstream-place.ts';
import { prepareRequestHead, requestIsChunked } from './upstream-request.ts';

/** A response head larger than this is refused; all 1xx heads of an exchange together too. */
const RESPONSE_LIMITS: HeadLimits = { headBytesMax: 1024 * 1024, fieldsMax: 1024, targetBytesMax: 0 };
/** Part of a head up to this long may be kept even when the worker keeps too much already. */
const SMALL_HEAD_BYTES = 8 * 1024;
const NO_NAMES: readonly string[] = [];
/** How long a body waits for the server's 100 before it is sent anyway (reference/http-services §8, fixed settings). */
const CONTINUE_WAIT_MS = 1_000;
/** A server that ends its connections after few requests refuses the same one several times when many are under way. */
const REFUSALS_MAX = 10;
/** Safe to send twice when it has no body (reference/http-services §10.6). */
const REPLAYABLE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

export class UpstreamSide {
  connection: UpstreamChannel | undefined = undefined;
  server: ServerRuntime | undefined = undefined;
  /** The body stays with the client until the server says 100 or the wait is over. */
  awaitsContinue = false;
  private readonly exchange: HttpExchange;
  private readonly dial: UpstreamDial;
  private readonly place: UpstreamPlace;
  /** A byte of an answer has arrived: nothing may be sent again. */
  private answered = false;
  /** Bytes of 1xx heads so far. */
  private interimBytes = 0;
  /** How often a server has refused the stream of this request, without looking at it. */
  private refusals = 0;

  constructor(exchange: HttpExchange) {
    this.exchange = exchange;
    this.dial = new UpstreamDial(exchange, this);
    this.place = new UpstreamPlace(exchange, this);
  }

  get waitsForHead(): boolean {
    return this.exchange.phase === Phase.WAITING;
  }

  /** Every request middleware has passed. */
  start(): void {
    const { exchange } = this;
    const server = exchange.route!.service.pickWithRoom();
    if (server === undefined) {
      exchange.fail(Errors.NO_SERVER_AVAILABLE);
      return;
    }
    this.server = server;
    this.answered = false;
    const { context, request, facts } = exchange;
    facts.serverStartedAtMs = context.transport.now;
    context.status.addInFlight(server.record.statusRow, context.slot, 1);
    exchange.access?.toServer(server);
    exchange.noteGrpc();
    this.awaitsContinue = request.expectContinue && request.bodyKind !== BodyKind.NONE;
    prepareRequestHead(exchange);
    this.refusals = 0;
    this.obtain();
  }

  /** A connection or stream that is there, one that is made, or a place in line. */
  obtain(): void {
    const { exchange } = this;
    const { pool } = this.server!;
    if (pool.places !== undefined) {
      this.place.obtain(pool, pool.places);
      return;
    }
    const pooled = pool.take(exchange.request.upgrade, exchange.context.transport.now);
    if (pooled !== undefined) this.send(pooled);
    else this.dial.start();
  }

  /** A place that was obtained is for that connection; undefined: it is not needed. */
  passPlaceTo(opening: { holdsPlace: boolean } | undefined): void {
    if (opening === undefined) this.place.giveBack();
    else this.place.passTo(opening);
  }

  /** Makes a new connection, for which there is a place. */
  dialNow(): void {
    this.dial.start();
  }

  /** Takes a connection that is still being made; the request is sent once it stands. */
  hold(connection: UpstreamChannel): void {
    this.connection = connection;
    connection.serve(this);
  }

  /** Ends the exchange's use of server and connection; `keep` puts the connection back into its pool. */
  finish(keep: boolean): void {
    const { connection, server, exchange } = this;
    exchange.responsePipe.noteRelayed();
    this.connection = undefined;
    if (server !== undefined) {
      this.server = undefined;
      this.place.end();
      this.dial.end();
      exchange.context.status.addInFlight(server.record.statusRow, exchange.context.slot, -1);
    }
    if (connection === undefined) return;
    if (keep) connection.giveBack();
    else connection.drop();
  }

  /** Lets the server have everything that is queued, then closes. */
  closeConnection(): void {
    const { connection } = this;
    this.connection = undefined;
    connection?.closeGracefully();
  }

  dropConnection(): void {
    this.connection?.drop();
    this.connection = undefined;
  }

  onConnected(): void {
    // The dial timeout has done its work; what runs from here is the response head's.
    this.connection?.expireAt(0);
    if (this.exchange.phase === Phase.DIALING) this.send(this.connection!);
    else this.startHeadTimeout();
  }

  /** The connection stands, and the TLS handshake has begun. */
  onSecuring(): void {
    this.dial.limitHandshake(this.connection!);
  }

  onSecuringFailed(entry: CatalogueEntry, reason: string): void {
    this.exchange.fail(entry, reason);
  }

  onConnectFailed(errno: number): void {
    this.connection = undefined;
    this.dial.onFailed(errno);
  }

  /** Our own code failed in the middle. */
  abandon(): void {
    this.exchange.abandon();
  }

  /** Takes received bytes; returns the position after the last used one. */
  onBytes(bytes: Buffer, start: number, end: number): number {
    const { exchange, connection } = this;
    this.answered = true;
    let at = start;
    while (exchange.phase === Phase.WAITING && at < end) {
      const length = parseResponseHead(exchange.response, bytes, at, end, RESPONSE_LIMITS);
      if (length === 0) return at;
      if (length < 0) {
        exchange.fail(responseHeadError(length), length);
        return end;
      }
      at += length;
      this.onHead(length);
      // The exchange may have ended, and its object may serve the client's next request already: the rest is none of its.
      if (this.connection !== connection) return end;
    }
    if (exchange.phase === Phase.RESPONDING) return exchange.onResponseBytes(bytes, at, end);
    if (exchange.phase === Phase.TUNNEL) return exchange.onTunnelBytes(bytes, at, end);
    return end;
  }

  /** A head that comes in pieces has grown to this. */
  checkHeldHead(bytes: number): void {
    const { exchange } = this;
    if (bytes > RESPONSE_LIMITS.headBytesMax) exchange.fail(Errors.UPSTREAM_HEAD_TOO_LARGE);
    else if (bytes > SMALL_HEAD_BYTES && exchange.context.buffered.isFull) {
      exchange.downstream.entryPoint.metrics?.limits.reached(Errors.BUFFERS_EXHAUSTED);
      exchange.fail(Errors.BUFFERS_EXHAUSTED);
    }
  }

  onUpstreamEnd(): void {
    const { exchange } = this;
    if (exchange.phase === Phase.WAITING) this.onLost(0);
    else if (exchange.phase === Phase.RESPONDING) exchange.onResponseSourceEnd(true);
    else if (exchange.phase === Phase.TUNNEL) exchange.onTunnelServerEnd();
  }

  onUpstreamClosed(errno: number): void {
    const { exchange } = this;
    if (exchange.phase === Phase.WAITING) this.onLost(errno);
    else if (exchange.phase === Phase.RESPONDING) exchange.onResponseSourceEnd(errno === 0);
    else if (exchange.phase === Phase.TUNNEL) exchange.onTunnelClosed(errno);
  }

  onUpstreamDrained(): void {
    this.exchange.onUpstreamDrained();
  }

  onResponseRelayed(bytes: number, end: number): void {
    this.exchange.onResponseRelayed(bytes, end);
  }

  onUpstreamExpired(): void {
    const { connection, exchange } = this;
    if (connection === undefined) return;
    if (!connection.connected) {
      this.dial.onTimeout();
    } else if (this.awaitsContinue) {
      exchange.downstream.sendContinue(exchange);
      this.startBody();
    } else if (exchange.phase === Phase.WAITING) exchange.fail(Errors.UPSTREAM_RESPONSE_HEAD_TIMEOUT);
  }

  /** The client has not waited to be asked for its body. */
  onBodyUnasked(): void {
    if (!this.awaitsContinue) return;
    this.awaitsContinue = false;
    if (this.connection?.connected === true) this.connection.expireAt(0);
  }

  /** Lets the request body flow; the client has been told to continue or did not ask. */
  startBody(): void {
    this.awaitsContinue = false;
    this.connection?.expireAt(0);
    this.exchange.downstream.continueInput();
    this.startHeadTimeout();
  }

  /** Called when the request has been handed over completely, and on each step that may have completed it. */
  startHeadTimeout(): void {
    const { connection, exchange, server } = this;
    if (connection === undefined || !connection.connected || exchange.phase !== Phase.WAITING) return;
    const { now } = exchange.context.transport;
    if (this.awaitsContinue) connection.expireAt(now + CONTINUE_WAIT_MS);
    else if (server!.pool.responseHeaderTimeoutMs > 0 && exchange.requestPipe.state === PipeState.DONE) {
      connection.expireAt(now + server!.pool.responseHeaderTimeoutMs);
    }
  }

  /** Sends the request on that connection, which may still be in the making. */
  send(connection: UpstreamChannel): void {
    const { exchange } = this;
    const { request } = exchange;
    this.connection = connection;
    this.interimBytes = 0;
    this.place.passTo(connection);
    if (connection.reused) exchange.route!.metrics?.connections?.reused();
    connection.serve(this);
    exchange.phase = Phase.WAITING;
    connection.sendRequest(exchange);
    // A stream may be refused even when it is the first one.
    const mayRepeat = connection.framed ? request.bodyKind === BodyKind.NONE : connection.reused && this.isReplayable();
    if (exchange.keepsRequestHead || mayRepeat) exchange.retainRequestHead();
    exchange.requestPipe.start({
      source: exchange.downstream,
      destination: connection,
      kind: sourceKind(request.bodyKind, exchange.downstream.framed),
      bytes: request.bodyBytes,
      chunkedOut: !connection.framed && requestIsChunked(exchange),
      transform: exchange.requestTransform,
      forwardTrailers: false,
    });
    this.startHeadTimeout();
    exchange.downstream.continueInput();
  }

  /** The connection ended before a whole head of an answer. */
  private onLost(errno: number): void {
    const { connection, exchange } = this;
    this.connection = undefined;
    connection!.drop();
    if (!connection!.reused || this.answered || !this.isReplayable()) exchange.fail(lostError(errno), errno);
    else if (this.server!.pool.places === undefined) this.dial.start();
    else this.place.obtain(this.server!.pool, this.server!.pool.places);
  }

  /** The stream is gone in the middle, with its connection. */
  onStreamLost(errno: number): void {
    const { exchange } = this;
    if (exchange.phase === Phase.WAITING) this.onLost(errno);
    else if (exchange.phase === Phase.RESPONDING) exchange.onResponseSourceEnd(false);
  }

  /**
   * The server has done nothing with the request (RFC 9113 §8.7): it is sent again, unless some of its body is gone.
   * @param isOfUse the connection has served others; one that serves nobody is not tried twice
   */
  onStreamRefused(isOfUse: boolean): void {
    const { connection, exchange } = this;
    this.connection = undefined;
    connection!.drop();
    if (
      this.refusals >= (isOfUse ? REFUSALS_MAX : 1) ||
      exchange.phase !== Phase.WAITING ||
      exchange.request.bodyKind !== BodyKind.NONE
    ) {
      exchange.fail(Errors.UPSTREAM_STREAM_REFUSED);
      return;
    }
    this.refusals++;
    this.obtain();
  }

  onStreamFailed(entry: CatalogueEntry, detail: number | string): void {
    this.exchange.fail(entry, detail);
  }

  private isReplayable(): boolean {
    const { request } = this.exchange;
    if (request.bodyKind !== BodyKind.NONE || request.upgrade) return false;
    return REPLAYABLE_METHODS.has(request.method) || request.has('idempotency-key') || request.has('x-idempotency-key');
  }

  /** A whole response head of `length` bytes has been read into `exchange.response`. The exchange may end in here. */
  onHead(length: number): void {
    const { exchange } = this;
    const { response } = exchange;
    this.answered = true;
    removeConnectionOptions(response, NO_NAMES);
    if (response.status >= 200) this.onFinalHead();
    else if (response.status === 101) exchange.startTunnel();
    else this.onInterimHead(length);
  }

  private onInterimHead(length: number): void {
    const { exchange } = this;
    this.interimBytes += length;
    if (this.interimBytes > RESPONSE_LIMITS.headBytesMax) exchange.fail(Errors.UPSTREAM_HEAD_TOO_LARGE);
    else if (exchange.response.status !== 100) exchange.downstream.sendInterim(exchange);
    else if (this.awaitsContinue) {
      exchange.downstream.sendContinue(exchange);
      this.startBody();
    }
  }

  private onFinalHead(): void {
    const { exchange } = this;
    const { response, request } = exchange;
    const connection = this.connection!;
    const bodyKind = responseBodyKind(response, request.method);
    exchange.facts.serverAnsweredWith(response.status);
    exchange.access?.originHead();
    // The server of our own services says what it is made with; nobody else needs to know.
    if (connection.pool.socketPath !== '') response.remove('uwebsockets');
    if (!response.keepAlive || (bodyKind === BodyKind.UNTIL_CLOSE && !connection.framed)) connection.reusable = false;
    else if (response.hasReceived(Field.KEEP_ALIVE)) connection.noteServerIdle(response);
    connection.expireAt(0);
    // The client still holds back its body, and now nobody will ask for it on this connection.
    if (this.awaitsContinue) exchange.keepDownstream = false;
    exchange.startResponse(bodyKind);
  }
}
