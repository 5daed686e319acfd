// One connection to a server speaking HTTP/1: in its pool, or serving one exchange. Collects a response head that comes
// in pieces; what responses mean is the exchange's business.

import { Errors } from '@sluice/errors';
import { tlsReason } from '@sluice/native';
import { findHeadEnd, type ResponseHead } from '@sluice/protocols';
import { HeldInput } from '../http/held-input.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import { sendRequestHead } from '../http/upstream-request.ts';
import type { UpstreamSide } from '../http/upstream-side.ts';
import { StreamConnection } from '../worker/stream-connection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { hasPeerName } from './peer-names.ts';
import { handshakeError } from './tls-errors.ts';
import type { UpstreamChannel } from './upstream-channel.ts';
import type { UpstreamPool } from './upstream-pool.ts';
import type { ServerTls } from './upstream-tls.ts';

/** How long a connection beyond `maxIdleConnsPerHost` waits for another request. */
const SURPLUS_IDLE_MS = 1_000;

export class UpstreamHttp1 extends StreamConnection implements UpstreamChannel {
  readonly pool: UpstreamPool;
  readonly framed = false;
  /** The pool's when the connection was made. */
  readonly generation: number;
  connected = false;
  securing = false;
  /** Has served an exchange before: the server may close it at any moment. */
  reused = false;
  /** Cleared for good when the connection must not serve another exchange. */
  reusable = true;
  /** One of the server's places is ours until we are gone. */
  holdsPlace = false;
  /** Of no meaning while it serves an exchange. */
  idleSinceMs = 0;
  /** From the server's `Keep-Alive: timeout=`; Infinity when it said nothing. Milliseconds. */
  serverIdleMs = Number.POSITIVE_INFINITY;
  private side: UpstreamSide | undefined = undefined;
  private held: HeldInput | undefined = undefined;
  /** Undefined: the connection is plain. */
  private readonly tls: ServerTls | undefined;

  constructor(context: WorkerContext, pool: UpstreamPool, tls?: ServerTls) {
    super(context);
    this.pool = pool;
    this.generation = pool.generation;
    this.tls = tls;
  }

  /** The request may follow before it is known whether it can be sent: it waits in the transport. */
  get takesRequestAtOnce(): boolean {
    return this.tls === undefined || this.tls.peerNames.length === 0;
  }

  serve(side: UpstreamSide): void {
    this.side = side;
    this.context.idleSeats.delete(this);
    // A connection that is still being made keeps its dial timeout.
    if (this.connected) this.expireAt(0);
  }

  sendRequest(exchange: HttpExchange): void {
    sendRequestHead(exchange, this.id);
  }

  /** Learns from the first response with `Keep-Alive: timeout=N` when the server will close an idle connection. */
  noteServerIdle(response: ResponseHead): void {
    if (this.serverIdleMs !== Number.POSITIVE_INFINITY) return;
    const seconds = /(?:^|[\s,;])timeout=(\d{1,6})/i.exec(response.get('keep-alive') ?? '')?.[1];
    // One second of margin for the way there; a server that promises less gets no second request.
    this.serverIdleMs = seconds === undefined ? Number.MAX_SAFE_INTEGER : Math.max(1, (Number(seconds) - 1) * 1000);
  }

  /** Back to the pool, or closed when it cannot be used again. */
  giveBack(): void {
    this.side = undefined;
    this.releaseHeld();
    if (this.id === 0) return;
    if (!this.reusable || this.context.draining || !this.keepIdle()) {
      this.closeGracefully();
      return;
    }
    this.reused = true;
    const keptMs = this.pool.hasSurplus ? SURPLUS_IDLE_MS : Number.MAX_SAFE_INTEGER;
    const idleMs = Math.min(this.pool.idleTimeoutMs || keptMs, this.serverIdleMs, keptMs);
    this.expireAt(idleMs < Number.MAX_SAFE_INTEGER ? this.context.transport.now + idleMs : 0);
  }

  /** False when the pool does not take the connection, or others wait for its place. */
  private keepIdle(): boolean {
    const { pool } = this;
    const { places } = pool;
    if (places?.mayKeepIdle() === false || !pool.put(this)) return false;
    this.idleSinceMs = this.context.transport.now;
    this.context.idleSeats.add(this);
    places?.onIdle();
    return true;
  }

  /** Closed at once, whatever is under way. */
  drop(): void {
    this.side = undefined;
    this.abort();
  }

  private releaseHeld(): void {
    this.held?.release();
    this.held = undefined;
  }

  override forget(): void {
    this.releaseHeld();
    this.context.idleSeats.delete(this);
    super.forget();
    if (!this.holdsPlace) return;
    this.holdsPlace = false;
    this.pool.places?.release();
  }

  override onConnected(): void {
    if (this.tls === undefined) this.ready();
    else {
      this.securing = true;
      this.side?.onSecuring();
    }
  }

  override onTlsReady(): void {
    this.securing = false;
    const { peerNames } = this.tls!;
    if (peerNames.length === 0 || hasPeerName(this.context.transport.peerCertificates(this.id)?.[0], peerNames)) {
      this.ready();
    } else this.side?.onSecuringFailed(Errors.UPSTREAM_CERTIFICATE_NAME, 'none of peerCertSANs');
  }

  override onConnectFailed(errno: number): void {
    this.side?.onConnectFailed(errno);
  }

  private ready(): void {
    this.connected = true;
    this.side?.onConnected();
  }

  override onData(offset: number, length: number): void {
    const { side } = this;
    if (side === undefined) {
      // Bytes nobody asked for: a response to nothing must never become the answer to the next request.
      this.pool.remove(this);
      this.abort();
      return;
    }
    const { memory } = this.context.transport;
    if (this.held === undefined) {
      const end = offset + length;
      const used = side.onBytes(memory, offset, end);
      if (used < end && this.side === side) this.held = new HeldInput(this.context.buffered, memory, used, end);
      return;
    }
    const { held } = this;
    held.append(memory, offset, offset + length);
    if (side.waitsForHead && !this.headIsComplete(held)) {
      side.checkHeldHead(held.length);
      return;
    }
    const used = side.onBytes(held.bytes, held.start, held.end);
    held.consumeTo(used);
    if (held.length === 0) this.releaseHeld();
  }

  override onEnd(): void {
    this.reusable = false;
    if (this.side !== undefined) this.side.onUpstreamEnd();
    else {
      this.pool.remove(this);
      this.closeGracefully();
    }
  }

  override onClosed(errno: number, failure: number, event: number): void {
    this.reusable = false;
    if (this.tls !== undefined && !this.connected && this.side !== undefined) {
      const reason = tlsReason(this.context.transport, event);
      this.side.onSecuringFailed(handshakeError(failure, reason), reason);
    } else if (this.side !== undefined) this.side.onUpstreamClosed(errno);
    else this.pool.remove(this);
  }

  override onDrained(): void {
    this.side?.onUpstreamDrained();
  }

  override onRelayed(bytes: number, end: number): void {
    this.side?.onResponseRelayed(bytes, end);
  }

  override onExpired(): void {
    if (this.side !== undefined) this.side.onUpstreamExpired();
    else {
      this.pool.remove(this);
      this.closeGracefully();
    }
  }

  override giveUp(): void {
    this.side?.abandon();
    this.pool.remove(this);
    this.abort();
  }

  private headIsComplete(held: HeldInput): boolean {
    const from = Math.max(held.start, held.scanned - 3);
    held.scanned = held.end;
    return findHeadEnd(held.bytes, from, held.end) !== -1;
  }
}
