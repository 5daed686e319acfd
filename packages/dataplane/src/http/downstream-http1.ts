// One client connection speaking HTTP/1: finds heads in its bytes, runs one exchange at a time, serves pipelined requests
// in order. Holds no exchange and no buffer while idle. Allocates per connection, not per request.

import { Errors } from '@sluice/errors';
import { INDEX_MASK } from '@sluice/native';
import { BodyKind, findHeadEnd, headErrorStatus, parseRequestHead, reasonPhrase } from '@sluice/protocols';
import { UNDECIDED } from '../detect/detection.ts';
import type { PeerAddress } from '../listen/peer-address.ts';
import type { DownstreamTls } from '../tls/downstream-tls.ts';
import { type BeginsWithBytes, DownstreamConnection } from '../worker/downstream-connection.ts';
import { Pause } from '../worker/stream-connection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { ClientPace, owedFor } from './client-pace.ts';
import type { Downstream } from './downstream.ts';
import {
  chooseFraming,
  sendContinue,
  sendInterimHead,
  sendResponseHead,
  sendSwitchHead,
} from './downstream-response.ts';
import type { EntryPoint } from './entry-point.ts';
import { forwardedBlock } from './forwarded-fields.ts';
import { HeldInput } from './held-input.ts';
import type { HttpExchange } from './http-exchange.ts';
import { Phase } from './phase.ts';

/** Part of a head up to this long may be kept even when the worker keeps too much already. */
const SMALL_HEAD_BYTES = 8 * 1024;
/** Our own heads are shorter, unless middlewares add a lot. */
const ANSWER_HEAD_BYTES = 1024;

const NO_BYTES = Buffer.alloc(0);

export class DownstreamHttp1 extends DownstreamConnection implements Downstream, BeginsWithBytes {
  readonly framed = false;
  readonly peerTrusted: boolean;
  /** Undefined: the connection is plain. */
  readonly tls: DownstreamTls | undefined;
  /** No byte has come yet, or too few to tell that it is HTTP/1. */
  private undecided: boolean;
  private exchange: HttpExchange | undefined = undefined;
  private held: HeldInput | undefined = undefined;
  /** Since when the connection has been waiting for a request. */
  private idleSinceMs: number;
  /** When the first byte of the request now arriving came; 0: none has. */
  private requestStartedAtMs = 0;
  private requests = 0;
  /** Upper bound of our own answers that are not in the transport's count of queued bytes yet. */
  private unflushedBytes = 0;
  /** `consume` is on the stack: exchanges that end meanwhile leave the rest to it. */
  private consuming = false;
  /** While it is busy for long, where slow clients are limited. */
  private pace: ClientPace | undefined = undefined;
  private blockHost: string | undefined = undefined;
  private block = NO_BYTES;

  constructor(context: WorkerContext, entryPoint: EntryPoint, peer: PeerAddress, tls?: DownstreamTls) {
    super(context, entryPoint, peer);
    this.peerTrusted = entryPoint.trusts(peer.bytes);
    this.tls = tls;
    this.undecided = tls === undefined;
    this.idleSinceMs = context.transport.now;
  }

  override opened(): void {
    const { headTimeoutMs } = this.entryPoint;
    this.expireAt(headTimeoutMs > 0 ? this.idleSinceMs + headTimeoutMs : 0);
  }

  beginWith(bytes: Buffer, start: number, end: number): void {
    this.opened();
    const { memory } = this.context.transport;
    if (bytes === memory) this.onData(start, end - start);
    else {
      this.hold(bytes, start, end);
      this.onData(0, 0);
    }
  }

  get isIdle(): boolean {
    return this.exchange === undefined && (this.held === undefined || this.held.length === 0);
  }

  override idleForMs(now: number): number {
    return this.isIdle ? now - this.idleSinceMs : 0;
  }

  /** May the connection serve another request after this one (reference/http-routing §1 step 7)? */
  mayKeep(): boolean {
    if (this.context.draining) return false;
    const { keepAliveMaxRequests, keepAliveMaxTime } = this.entryPoint.configuration.transport;
    if (keepAliveMaxRequests > 0 && this.requests >= keepAliveMaxRequests) return false;
    return keepAliveMaxTime === 0 || this.context.transport.now - this.acceptedAtMs < keepAliveMaxTime;
  }

  framingFor(exchange: HttpExchange, bodyKind: number): number {
    return chooseFraming(exchange, bodyKind);
  }

  sendHead(exchange: HttpExchange, framing: number, bodyBytes: number): void {
    sendResponseHead(exchange, framing, bodyBytes);
  }

  sendInterim(exchange: HttpExchange): void {
    sendInterimHead(exchange);
  }

  sendContinue(exchange: HttpExchange): void {
    sendContinue(exchange);
  }

  /** The client checks it. */
  acceptsSwitch(): boolean {
    return true;
  }

  sendSwitch(exchange: HttpExchange, protocol: string): void {
    sendSwitchHead(exchange, protocol);
  }

  /** The prepared forwarding fields for the exchange's host, as they go out. */
  forwardedBlockFor(exchange: HttpExchange): Uint8Array {
    if (this.blockHost !== exchange.request.host) {
      this.blockHost = exchange.request.host;
      this.block = Buffer.from(forwardedBlock(exchange), 'latin1');
    }
    return this.block;
  }

  override onData(offset: number, length: number): void {
    const { memory } = this.context.transport;
    if (this.undecided && this.isDealtWith(memory, offset, offset + length)) return;
    const { exchange } = this;
    if (exchange !== undefined && exchange.phase === Phase.TUNNEL) {
      exchange.onTunnelInput(memory, offset, offset + length);
      return;
    }
    if (this.held !== undefined && this.held.length > 0) {
      this.held.append(memory, offset, offset + length);
      this.consumeHeld();
      if (this.context.buffered.isFull && this.unfinishedHeadBytes > 0) this.turnAway();
    } else {
      const end = offset + length;
      const used = this.consume(memory, offset, end);
      if (this.id !== 0 && used < end) this.hold(memory, used, end);
    }
    if (this.id !== 0) this.settle();
  }

  /**
   * The exchange could not take its body before and can now (or will never). Only bytes that are held are used: others may
   * lie in the batch under way, and a relay started now would not know of them.
   */
  continueInput(): void {
    if (this.consuming || this.id === 0) return;
    // The client has waited for us: its time for the body starts here.
    if (this.exchange?.takesBody === true) this.requestStartedAtMs = this.context.transport.now;
    if (this.held !== undefined && this.held.length > 0) this.consumeHeld();
    if (this.id !== 0) this.settle();
  }

  /** An answer of our own is on its way to the client. */
  noteAnswerBytes(bytes: number): void {
    this.unflushedBytes += bytes + ANSWER_HEAD_BYTES;
  }

  /** Called by the exchange as its last act. */
  exchangeEnded(keep: boolean): void {
    this.exchange = undefined;
    this.requests++;
    if (!keep || this.id === 0) {
      this.closeGracefully();
      return;
    }
    const { now } = this.context.transport;
    this.idleSinceMs = now;
    const { idleTimeoutMs } = this.entryPoint;
    this.expireAt(idleTimeoutMs > 0 ? now + idleTimeoutMs : 0);
    this.requestStartedAtMs = 0;
    this.continueInput();
  }

  /** What the client sent after the request now served; the caller takes it over. */
  takeHeldInput(): HeldInput | undefined {
    const { held } = this;
    this.held = undefined;
    this.resumeFor(Pause.HELD_INPUT);
    return held;
  }

  /** The request has arrived completely: only the entry point's write timeout runs from here. */
  requestComplete(): void {
    const { writeTimeoutMs } = this.entryPoint;
    this.expireAt(writeTimeoutMs > 0 ? this.context.transport.now + writeTimeoutMs : 0);
  }

  override forget(): void {
    this.releaseHeld();
    super.forget();
  }

  /** A client that is too slow for its entry point is cut off. */
  override checkPace(elapsedMs: number): void {
    const { context, entryPoint, exchange } = this;
    const { pace: limits } = entryPoint;
    if (limits === undefined) return;
    if (exchange === undefined && context.transport.queuedBytes[this.id & INDEX_MASK] === 0) {
      this.pace = undefined;
      return;
    }
    this.pace ??= new ClientPace(context, limits);
    const verdict = this.pace.look(this.id, owedFor(exchange), exchange?.phase === Phase.TUNNEL, elapsedMs);
    if (verdict === undefined) return;
    entryPoint.metrics?.limits.reached(verdict);
    // Who does not read would not read an answer either.
    if (verdict.status === 0) this.abort();
    exchange?.fail(verdict);
  }

  /** Of a request whose head has not come completely. */
  override get unfinishedHeadBytes(): number {
    if (this.exchange !== undefined || this.held === undefined) return 0;
    return this.held.length > SMALL_HEAD_BYTES ? this.held.bytes.length : 0;
  }

  override turnAway(): void {
    const { code, status, meaning } = Errors.BUFFERS_EXHAUSTED;
    this.context.log.debug({ code, client: this.peer.text }, meaning);
    this.entryPoint.metrics?.limits.reached(Errors.BUFFERS_EXHAUSTED);
    this.refuse(status);
  }

  override onEnd(): void {
    const { exchange } = this;
    if (exchange !== undefined) exchange.onDownstreamEnd();
    else this.closeGracefully();
  }

  override onClosed(errno: number): void {
    this.exchange?.onDownstreamClosed(errno);
  }

  override onDrained(): void {
    if (this.exchange !== undefined) this.exchange.onDownstreamDrained();
    else this.continueInput();
  }

  override onRelayed(bytes: number, end: number): void {
    this.exchange?.onRequestRelayed(bytes, end);
    if (this.id !== 0 && this.exchange !== undefined) this.settle();
  }

  override onExpired(): void {
    const { exchange } = this;
    if (exchange !== undefined) exchange.onDownstreamExpired();
    else if (this.held !== undefined && this.held.length > 0 && !this.outputIsFull()) this.refuse(408);
    else this.closeGracefully();
  }

  override endRequests(): void {
    if (this.exchange?.phase !== Phase.TUNNEL) this.giveUp();
  }

  override endTunnels(): void {
    if (this.exchange?.phase === Phase.TUNNEL) this.giveUp();
  }

  override giveUp(): void {
    this.exchange?.abandon();
    this.abort();
  }

  /** The first bytes. @returns false: they begin a request, and nobody has used them */
  private isDealtWith(bytes: Buffer, start: number, end: number): boolean {
    const { detection } = this.context;
    if (this.held === undefined && !detection.mayBeOther(bytes[start])) {
      this.undecided = false;
      return false;
    }
    const { held } = this;
    held?.append(bytes, start, end);
    const taker =
      held === undefined
        ? detection.takerOf(this, bytes, start, end)
        : detection.takerOf(this, held.bytes, held.start, held.end);
    if (taker === UNDECIDED) {
      if (held === undefined) this.hold(bytes, start, end);
      this.settle();
      return true;
    }
    this.undecided = false;
    if (taker !== undefined) {
      if (held === undefined) taker.take(this, bytes, start, end);
      else taker.take(this, held.bytes, held.start, held.end);
      this.releaseHeld();
      return true;
    }
    if (held === undefined) return false;
    this.consumeHeld();
    if (this.id !== 0) this.settle();
    return true;
  }

  private consumeHeld(): void {
    const held = this.held!;
    if (this.exchange === undefined && !this.heldHeadIsComplete(held)) return;
    const used = this.consume(held.bytes, held.start, held.end);
    if (this.id === 0) return;
    held.consumeTo(used);
    if (held.length === 0) this.releaseHeld();
  }

  /** Looks only at bytes not seen before: a head that comes byte by byte must not cost its square. */
  private heldHeadIsComplete(held: HeldInput): boolean {
    const from = Math.max(held.start, held.scanned - 3);
    const found = findHeadEnd(held.bytes, from, held.end) !== -1;
    held.scanned = held.end;
    // Not complete and beyond the limit: the parser says what of it is too long, and refuses.
    if (!found && held.length > this.entryPoint.limits.headBytesMax) this.readHead(held.bytes, held.start, held.end);
    return found;
  }

  /** Uses bytes until more are needed or the exchange cannot take them now; returns the position after the last used one. */
  private consume(bytes: Buffer, start: number, end: number): number {
    this.consuming = true;
    try {
      return this.consumeSome(bytes, start, end);
    } finally {
      this.consuming = false;
    }
  }

  private consumeSome(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (this.id !== 0) {
      const { exchange } = this;
      if (exchange === undefined) {
        if (at >= end || this.outputIsFull()) break;
        const length = this.readHead(bytes, at, end);
        if (length <= 0) break;
        at += length;
      } else {
        if (!exchange.takesBody) break;
        at = exchange.onRequestBytes(bytes, at, end);
        if (exchange === this.exchange && exchange.takesBody) break;
      }
    }
    return at;
  }

  /** The client does not read its answers: its next request waits. The end of the queue goes on with it. */
  private outputIsFull(): boolean {
    const { transport } = this.context;
    const { queueHighBytes } = this.context.buffered;
    if (this.unflushedBytes > queueHighBytes) {
      transport.flush();
      this.unflushedBytes = 0;
    }
    return transport.queuedBytes[this.id & INDEX_MASK] > queueHighBytes;
  }

  /** Length of the head; 0 when more bytes are needed; -1 when the request was refused. */
  private readHead(bytes: Buffer, start: number, end: number): number {
    const { exchanges } = this.context;
    const exchange = exchanges.take(this.context);
    const length = parseRequestHead(exchange.request, bytes, start, end, this.entryPoint.limits);
    if (length > 0) {
      this.exchange = exchange;
      if (exchange.request.bodyKind === BodyKind.NONE) this.requestComplete();
      else this.expireAt(0); // until it is known who waits for whom
      exchange.begin(this);
      return length;
    }
    exchanges.giveBack(exchange);
    if (length === 0) return 0;
    this.refuse(headErrorStatus(length));
    return -1;
  }

  private releaseHeld(): void {
    this.held?.release();
    this.held = undefined;
  }

  private hold(bytes: Uint8Array, start: number, end: number): void {
    if (this.held === undefined) this.held = new HeldInput(this.context.buffered, bytes, start, end);
    else this.held.append(bytes, start, end);
  }

  /** Brings reading and the deadline in line with what we wait for. */
  private settle(): void {
    const { exchange, held } = this;
    const holds = held !== undefined && held.length > 0;
    const blocked = exchange === undefined && holds && this.outputIsFull();
    if (blocked || (exchange !== undefined && holds && !exchange.takesBody)) this.pauseFor(Pause.HELD_INPUT);
    else this.resumeFor(Pause.HELD_INPUT);
    // A client that does not read has the time of an idle one, which `exchangeEnded` has set.
    const waitsForRequest = exchange === undefined ? holds && !blocked : exchange.takesBody;
    if (!waitsForRequest) return;
    const { headTimeoutMs, readTimeoutMs } = this.entryPoint;
    const timeoutMs = exchange === undefined ? headTimeoutMs : readTimeoutMs;
    if (this.requestStartedAtMs === 0) this.requestStartedAtMs = this.context.transport.now;
    if (timeoutMs > 0) this.expireAt(this.requestStartedAtMs + timeoutMs);
  }

  /** Answers a request that never became an exchange, and closes. */
  private refuse(status: number): void {
    const reason = reasonPhrase(status);
    const writer = this.context.headWriter;
    const body = `${status} ${reason}`;
    writer.begin(256);
    writer.text(`HTTP/1.1 ${status} ${reason}\r\nContent-Type: text/plain; charset=utf-8\r\n`);
    writer.text(`Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    writer.send(this.id);
    this.closeGracefully();
  }
}
