// One stream of a client that speaks HTTP/2: one exchange, or an answer to a request that never became one. Lives until both the
// session and the exchange have done with it; reused from stream to stream, so that a request allocates none.

import { constants } from 'node:os';
import { Errors } from '@sluice/errors';
import {
  BodyKind,
  checkAddedFields,
  HeaderTable,
  Http2ErrorCode,
  Http2Fault,
  type Http2Session,
  type RequestHead,
  reasonPhrase,
} from '@sluice/protocols';
import { Owed, owedFor } from '../http/client-pace.ts';
import type { Downstream } from '../http/downstream.ts';
import type { EntryPoint } from '../http/entry-point.ts';
import { Framing, hasNoBody } from '../http/framing.ts';
import type { HeldInput } from '../http/held-input.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import { Phase } from '../http/phase.ts';
import type { PeerAddress } from '../listen/peer-address.ts';
import type { DownstreamTls } from '../tls/downstream-tls.ts';
import type { BufferedBytes } from '../worker/buffered-bytes.ts';
import type { DownstreamHttp2 } from './downstream-http2.ts';
import type { FrameOutput } from './frame-output.ts';
import { sendInterimFields, sendResponseFields, sendStatus, sendTextStatus } from './response-head.ts';
import { StreamInput } from './stream-input.ts';
import { StreamOutput } from './stream-output.ts';
import { newWebSocketKey, webSocketAccept } from './web-socket-key.ts';

const NO_FIELDS = new HeaderTable(Buffer.alloc(0));
/** A stream that is reset stands for a connection that was. */
const RESET_ERRNO = constants.errno.ECONNRESET;
const UNKNOWN_LENGTH = -1;

export class DownstreamStream implements Downstream {
  readonly framed = true;
  readonly relays = false;
  connection!: DownstreamHttp2;
  /** In the session; -1: the stream is over. */
  slot = -1;
  exchange: HttpExchange | undefined = undefined;
  /** Monotonic milliseconds; 0: never. */
  dueMs = 0;
  /** To be looked at when nothing else is going on: see `DownstreamHttp2.wake`. */
  isWoken = false;
  readonly input: StreamInput;
  readonly output: StreamOutput;
  /** Of the request for a tunnel; empty: it is none. */
  private webSocketKey = '';
  /** Since when the client owes us its body. */
  private bodyStartedAtMs = 0;

  constructor() {
    this.input = new StreamInput(this);
    this.output = new StreamOutput(this);
  }

  /** A stream of the client begins. */
  open(connection: DownstreamHttp2, slot: number): void {
    this.connection = connection;
    this.slot = slot;
    this.exchange = undefined;
    this.dueMs = 0;
    this.isWoken = false;
    this.input.reset(UNKNOWN_LENGTH);
    this.output.reset();
  }

  get id(): number {
    return this.slot === -1 ? 0 : this.connection.id;
  }

  get session(): Http2Session {
    return this.connection.session;
  }

  get frames(): FrameOutput {
    return this.connection.frames;
  }

  get buffered(): BufferedBytes {
    return this.connection.context.buffered;
  }

  get now(): number {
    return this.connection.context.transport.now;
  }

  get entryPoint(): EntryPoint {
    return this.connection.entryPoint;
  }

  get peer(): PeerAddress {
    return this.connection.peer;
  }

  get peerTrusted(): boolean {
    return this.connection.peerTrusted;
  }

  get tls(): DownstreamTls | undefined {
    return this.connection.tls;
  }

  // ---- what the session tells -----------------------------------------------------------------------------------------

  /** The request's head is in `exchange.request`. */
  begin(exchange: HttpExchange): void {
    this.exchange = exchange;
    const { request } = exchange;
    this.input.reset(promisedBytes(request));
    this.bodyStartedAtMs = 0;
    if (request.bodyKind === BodyKind.NONE) this.requestComplete();
    this.webSocketKey = '';
    if (request.upgrade) this.askForWebSocket(request);
    exchange.begin(this);
    this.settle();
  }

  /** Answers a request that never became an exchange. */
  refuse(status: number): void {
    const body = Buffer.from(`${status} ${reasonPhrase(status)}`, 'latin1');
    sendTextStatus(this.frames, this.slot, status, body.length, NO_FIELDS);
    this.output.endAfter(body.length);
    this.write(body, 0, body.length);
    this.output.end(undefined);
    this.requestComplete();
    this.endWhenAnswered();
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (!this.input.mayTake(end - start)) {
      this.session.failStream(this.slot, Http2Fault.MALFORMED_MESSAGE);
      return;
    }
    this.input.onData(bytes, start, end);
    this.settle();
  }

  onEnd(trailers: HeaderTable | undefined): void {
    if (this.input.isShort) this.session.failStream(this.slot, Http2Fault.MALFORMED_MESSAGE);
    else this.input.onEnd(trailers);
  }

  /** A window has opened. */
  onWritable(): void {
    this.output.pump(Number.POSITIVE_INFINITY);
    this.afterPump();
  }

  /** Sends up to that much of what is kept. @returns whether anything could be sent */
  pump(bytesMax: number): boolean {
    return this.output.keepsAny && this.output.pump(bytesMax);
  }

  /** The client keeps up again. */
  afterPump(): void {
    if (this.output.keepsAny) return;
    if (this.exchange !== undefined) this.exchange.onDownstreamDrained();
    else this.endWhenAnswered();
  }

  /** The session has closed the stream. */
  closed(): void {
    this.slot = -1;
    this.dueMs = 0;
    this.output.release();
    if (this.exchange === undefined) this.giveBack();
  }

  /** The client, or its whole connection, is gone. */
  gone(): void {
    this.connection.forgetStream(this);
    this.slot = -1;
    this.dueMs = 0;
    this.output.release();
    this.input.release();
    if (this.exchange !== undefined) this.exchange.onDownstreamClosed(RESET_ERRNO);
    else this.giveBack();
  }

  /** Its time is over. */
  onExpired(): void {
    if (this.exchange !== undefined) this.exchange.onDownstreamExpired();
    else this.reset(Http2ErrorCode.CANCEL);
  }

  /** What the client owes us of its body, as an `Owed`. */
  get owed(): number {
    const { input } = this;
    const owed = input.ended ? Owed.NOTHING : owedFor(this.exchange);
    return owed === Owed.BODY && (input.isPaused || input.holdsAny) ? Owed.LATER : owed;
  }

  get isTunnel(): boolean {
    return this.exchange?.phase === Phase.TUNNEL;
  }

  /** Held input can be handed over. */
  onWoken(): void {
    this.input.deliver();
    this.settle();
  }

  // ---- what the exchange asks for -------------------------------------------------------------------------------------

  /** A stream is never kept for another request. */
  mayKeep(): boolean {
    return true;
  }

  forwardedBlockFor(exchange: HttpExchange): Uint8Array {
    return this.connection.forwardedBlockFor(exchange);
  }

  framingFor(exchange: HttpExchange, bodyKind: number): number {
    if (bodyKind === BodyKind.NONE || hasNoBody(exchange.response.status)) return Framing.NONE;
    const isKnown = bodyKind === BodyKind.LENGTH && exchange.responseTransform === undefined;
    return isKnown ? Framing.LENGTH : Framing.FRAMED;
  }

  sendHead(exchange: HttpExchange, framing: number, bodyBytes: number): void {
    if (this.id === 0) return;
    // A success would say that the tunnel stands.
    const { response } = exchange;
    if (this.webSocketKey !== '' && response.status < 300) response.setStatus(Errors.UPSTREAM_SWITCH_MISMATCH.status);
    const isEmpty = framing === Framing.NONE || exchange.request.method === 'HEAD';
    // Trailers may follow what a server sends as frames.
    const endsByLength = framing === Framing.LENGTH && exchange.upstream.connection?.framed !== true;
    const endsNow = isEmpty || (endsByLength && bodyBytes === 0);
    if (endsNow) this.output.ended = true;
    try {
      sendResponseFields(this.frames, this.slot, exchange, framing, bodyBytes, endsNow);
    } catch (error) {
      this.output.ended = false;
      throw error;
    }
    if (endsByLength && !endsNow) this.output.endAfter(bodyBytes);
  }

  sendInterim(exchange: HttpExchange): void {
    if (this.id !== 0) sendInterimFields(this.frames, this.slot, exchange.response);
  }

  sendContinue(): void {
    if (this.id !== 0) sendStatus(this.frames, this.slot, 100, NO_FIELDS);
  }

  acceptsSwitch({ response }: HttpExchange): boolean {
    return response.get('sec-websocket-accept') === webSocketAccept(this.webSocketKey);
  }

  /** A tunnel stands when the answer is a success (RFC 8441 §5). */
  sendSwitch({ response }: HttpExchange): void {
    response.setStatus(200);
    response.remove('sec-websocket-accept');
    checkAddedFields(response);
    if (this.id !== 0) sendInterimFields(this.frames, this.slot, response);
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    if (this.id === 0) return;
    this.output.write(bytes, start, end);
    if (this.output.keepsAny) this.connection.noteKept();
  }

  get isFull(): boolean {
    return this.output.keepsAny || !this.frames.takesMore;
  }

  hasBacklog(): boolean {
    return this.output.keepsAny || !this.frames.isTaken;
  }

  endBody(trailers: HeaderTable | undefined): void {
    if (this.id !== 0) this.output.end(trailers);
  }

  pauseFor(reason: number): void {
    this.input.pauseFor(reason);
  }

  resumeFor(reason: number): void {
    this.input.resumeFor(reason);
  }

  wake(): void {
    this.connection.wake(this);
  }

  continueInput(): void {
    // The client has waited for us: its time for the body starts here.
    if (this.exchange?.takesBody === true) this.bodyStartedAtMs = this.now;
    this.input.deliver();
    this.settle();
    this.connection.afterOutside();
  }

  /** Windows and the client's queue bound it. */
  noteAnswerBytes(): void {}

  /** Only the entry point's write timeout runs from here. */
  requestComplete(): void {
    const { writeTimeoutMs } = this.entryPoint;
    this.expireAt(writeTimeoutMs > 0 ? this.now + writeTimeoutMs : 0);
  }

  takeHeldInput(): HeldInput | undefined {
    return this.input.take();
  }

  expireAt(atMs: number): void {
    this.dueMs = atMs;
    if (atMs !== 0) this.connection.streamDueAt(atMs);
  }

  exchangeEnded(): void {
    this.exchange = undefined;
    this.input.release();
    if (this.slot === -1) this.giveBack();
    else this.endWhenAnswered();
    this.connection.afterOutside();
  }

  abort(): void {
    this.reset(Http2ErrorCode.INTERNAL_ERROR);
  }

  // ---------------------------------------------------------------------------------------------------------------------

  /** In HTTP/1 it is a request that has a key, of which HTTP/2 has no need (RFC 8441 §5). */
  private askForWebSocket(request: RequestHead): void {
    this.webSocketKey = newWebSocketKey();
    request.add('Upgrade', 'websocket');
    request.set('Sec-WebSocket-Key', this.webSocketKey);
  }

  /** There is no exchange any more: what is left is to send what is kept, or to say that nothing comes. */
  private endWhenAnswered(): void {
    if (this.slot === -1) return;
    // The rest of the request is of no use (RFC 9113 §8.1).
    if (this.output.ended) this.reset(Http2ErrorCode.NO_ERROR);
    else if (!this.output.isComplete) this.reset(Http2ErrorCode.INTERNAL_ERROR);
  }

  private reset(errorCode: number): void {
    if (this.id === 0) return;
    this.session.reset(this.slot, errorCode);
    this.frames.flushControl();
  }

  /** The time of a client that owes us its body. */
  private settle(): void {
    const { exchange } = this;
    if (exchange === undefined || !exchange.takesBody || exchange.phase === Phase.TUNNEL) return;
    const { readTimeoutMs } = this.entryPoint;
    if (readTimeoutMs === 0) return;
    if (this.bodyStartedAtMs === 0) this.bodyStartedAtMs = this.now;
    this.expireAt(this.bodyStartedAtMs + readTimeoutMs);
  }

  private giveBack(): void {
    this.input.release();
    this.output.release();
    this.connection.giveBackStream(this);
  }
}

function promisedBytes(request: RequestHead): number {
  if (request.upgrade || request.bodyKind === BodyKind.UNTIL_CLOSE) return UNKNOWN_LENGTH;
  return request.bodyKind === BodyKind.LENGTH ? request.bodyBytes : 0;
}
