// One stream of an HTTP/2 connection to a server, as an exchange's way to it. Taken from its connection before it is opened; lives
// until both the session and the exchange have done with it. Checks the length that a response promises. Reused from stream to
// stream, so that a request allocates none.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import {
  BodyKind,
  type FieldSection,
  HeaderTable,
  Http2ErrorCode,
  Http2Fault,
  type Http2Session,
  takeResponseFields,
  takeTrailerFields,
} from '@sluice/protocols';
import type { HttpExchange } from '../../http/http-exchange.ts';
import { Phase } from '../../http/phase.ts';
import { requestIsChunked } from '../../http/upstream-request.ts';
import type { UpstreamSide } from '../../http/upstream-side.ts';
import type { FrameOutput } from '../../http2/frame-output.ts';
import { StreamOutput } from '../../http2/stream-output.ts';
import type { BufferedBytes } from '../../worker/buffered-bytes.ts';
import type { UpstreamChannel } from '../upstream-channel.ts';
import type { UpstreamPool } from '../upstream-pool.ts';
import { encodeRequestHead } from './request-head.ts';
import type { UpstreamHttp2 } from './upstream-http2.ts';

const UNKNOWN_LENGTH = -1;
/** Good until the call that got it returns. */
const trailerTable = new HeaderTable(Buffer.alloc(0));

export class UpstreamStream implements UpstreamChannel {
  readonly framed = true;
  readonly relays = false;
  readonly securing = false;
  readonly connected = true;
  /** The connection has served another stream before. */
  reused = false;
  /** A stream serves one exchange: whether its connection goes on is not decided by that. */
  reusable = true;
  /** Places belong to connections. */
  holdsPlace = false;
  /** In the session; -1: not open yet, or over. */
  slot = -1;
  /** Given to an exchange, and not opened yet. */
  isTaken = false;
  /** Monotonic milliseconds; 0: never. */
  dueMs = 0;
  readonly connection: UpstreamHttp2;
  private readonly output: StreamOutput;
  private side: UpstreamSide | undefined = undefined;
  private exchange: HttpExchange | undefined = undefined;
  /** Of the response's body, still to come; -1: as many as come. */
  private bytesLeft = UNKNOWN_LENGTH;
  /** The server has sent all of its response. */
  private remoteEnded = false;
  /** Only the server's end is missing. */
  private isLingering = false;
  private pauseReasons = 0;
  /** Data that has been handed on while the stream is paused: the server gets no window for it before it goes on. */
  private unconsumedBytes = 0;
  /** The source of the request's body has been told to pause. */
  private toldFull = false;

  constructor(connection: UpstreamHttp2) {
    this.connection = connection;
    this.output = new StreamOutput(this);
  }

  get pool(): UpstreamPool {
    return this.connection.pool;
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

  /** Of the connection, for as long as the stream can be used. */
  get id(): number {
    return this.slot === -1 ? 0 : this.connection.id;
  }

  serve(side: UpstreamSide): void {
    this.side = side;
  }

  sendRequest(exchange: HttpExchange): void {
    const { bodyKind, bodyBytes } = exchange.request;
    encodeRequestHead(exchange, this.frames);
    this.begin(exchange);
    const endStream = bodyKind === BodyKind.NONE;
    this.frames.endHead(this.slot, endStream);
    this.output.ended = endStream;
    // Of a body whose length is known the last byte ends the stream, unless trailers or a transform say otherwise.
    if (bodyKind === BodyKind.LENGTH && bodyBytes > 0 && !requestIsChunked(exchange)) this.output.endAfter(bodyBytes);
  }

  private begin(exchange: HttpExchange): void {
    this.exchange = exchange;
    this.output.reset();
    this.bytesLeft = UNKNOWN_LENGTH;
    this.remoteEnded = false;
    this.pauseReasons = 0;
    this.unconsumedBytes = 0;
    this.toldFull = false;
    this.slot = this.connection.open(this);
  }

  noteServerIdle(): void {}

  giveBack(): void {
    const { slot, output } = this;
    const isOver = output.ended && this.remoteEnded;
    this.leave();
    if (slot === -1 || isOver) return;
    // The server may still have to say that its empty body is complete.
    if (output.ended && this.connection.mayLinger()) this.isLingering = true;
    else this.reset(Http2ErrorCode.CANCEL);
  }

  drop(): void {
    const { slot } = this;
    this.leave();
    if (slot !== -1) this.reset(Http2ErrorCode.CANCEL);
  }

  closeGracefully(): void {
    this.drop();
  }

  expireAt(atMs: number): void {
    this.dueMs = atMs;
    if (atMs !== 0) this.connection.streamDueAt(atMs);
  }

  onDue(): void {
    this.side?.onUpstreamExpired();
  }

  // ---- request body -----------------------------------------------------------------------------------------------------

  write(bytes: Uint8Array, start: number, end: number): void {
    if (this.slot !== -1) this.output.write(bytes, start, end);
  }

  get isFull(): boolean {
    if (this.slot === -1) return false;
    const isFull = this.output.keepsAny || !this.frames.takesMore;
    if (isFull) this.toldFull = true;
    return isFull;
  }

  hasBacklog(): boolean {
    if (this.slot === -1) return false;
    const has = this.output.keepsAny || !this.frames.isTaken;
    if (has) this.toldFull = true;
    return has;
  }

  endBody(trailers: HeaderTable | undefined): void {
    if (this.slot !== -1) this.output.end(trailers);
  }

  /** Windows have grown, or the connection has room. */
  onWritable(): void {
    this.output.pump(Number.POSITIVE_INFINITY);
    if (!this.toldFull || this.slot === -1 || this.output.keepsAny || !this.frames.takesMore) return;
    this.toldFull = false;
    this.side?.onUpstreamDrained();
  }

  // ---- response ---------------------------------------------------------------------------------------------------------

  /** A field block has been decoded into `section`. */
  onFields(section: FieldSection, trailers: boolean, endStream: boolean): void {
    if (this.exchange === undefined) return;
    if (trailers) this.onTrailers(section);
    else this.onHead(this.exchange, section, endStream);
  }

  private onHead(exchange: HttpExchange, section: FieldSection, endStream: boolean): void {
    const { response } = exchange;
    const { length } = section;
    if (!takeResponseFields(section, response, endStream)) {
      this.session.failStream(this.slot, Http2Fault.MALFORMED_MESSAGE);
      return;
    }
    if (response.status < 200) this.session.interimHead(this.slot);
    else {
      this.remoteEnded = endStream;
      const { bodyKind, bodyBytes } = response;
      const isPromise = response.status !== 304 && exchange.request.method !== 'HEAD';
      if (endStream && isPromise && bodyBytes > 0) {
        this.session.failStream(this.slot, Http2Fault.MALFORMED_MESSAGE);
        return;
      }
      if (bodyKind === BodyKind.LENGTH) this.bytesLeft = isPromise ? bodyBytes : 0;
    }
    this.connection.isOfUse = true;
    this.side!.onHead(length);
  }

  private onTrailers(section: FieldSection): void {
    if (this.bytesLeft > 0 || !takeTrailerFields(section, trailerTable)) {
      this.session.failStream(this.slot, Http2Fault.MALFORMED_MESSAGE);
      return;
    }
    this.remoteEnded = true;
    this.exchange!.onResponseSourceEnd(true, trailerTable);
  }

  /** The block was too large to be decoded. */
  onFieldsTooLarge(): void {
    this.side?.onStreamFailed(Errors.UPSTREAM_HEAD_TOO_LARGE, 0);
  }

  onData(bytes: Buffer, start: number, end: number): void {
    const { exchange, slot } = this;
    const length = end - start;
    if (exchange === undefined) {
      // Nobody waits for a body any more.
      this.reset(Http2ErrorCode.CANCEL);
      return;
    }
    if (this.bytesLeft !== UNKNOWN_LENGTH) {
      this.bytesLeft -= length;
      if (this.bytesLeft < 0) {
        this.session.failStream(slot, Http2Fault.MALFORMED_MESSAGE);
        return;
      }
    }
    exchange.onResponseBytes(bytes, start, end);
    if (this.exchange !== exchange || this.slot !== slot) return;
    if (this.pauseReasons === 0) this.session.consumed(slot, length);
    else this.unconsumedBytes += length;
  }

  pauseFor(reason: number): void {
    this.pauseReasons |= reason;
  }

  resumeFor(reason: number): void {
    this.pauseReasons &= ~reason;
    const bytes = this.unconsumedBytes;
    if (this.pauseReasons !== 0 || bytes === 0 || this.slot === -1) return;
    this.unconsumedBytes = 0;
    this.session.consumed(this.slot, bytes);
    this.connection.settle();
  }

  /** The server has sent all; after trailers, that has been told. */
  onRemoteEnd(): void {
    const { exchange } = this;
    this.remoteEnded = true;
    if (this.bytesLeft > 0) this.session.failStream(this.slot, Http2Fault.MALFORMED_MESSAGE);
    else if (exchange !== undefined && exchange.phase === Phase.RESPONDING) exchange.onResponseSourceEnd(true);
  }

  // ---- ends -------------------------------------------------------------------------------------------------------------

  /** The server has reset the stream. */
  onReset(errorCode: number): void {
    const { side, remoteEnded } = this;
    const { isOfUse } = this.connection;
    this.detach();
    // It has answered, and needs no more of the request (§8.1).
    if (side === undefined || remoteEnded) return;
    if (errorCode === Http2ErrorCode.REFUSED_STREAM) side.onStreamRefused(isOfUse);
    else if (errorCode === Http2ErrorCode.HTTP_1_1_REQUIRED && this.connection.giveWayToHttp1())
      side.onStreamRefused(isOfUse);
    else side.onStreamFailed(Errors.UPSTREAM_STREAM_RESET, errorCode);
  }

  /** The server has broken a rule, of the stream or of the connection; `fault`: the name of it. */
  onFault(entry: CatalogueEntry, fault: string): void {
    const { side } = this;
    this.detach();
    side?.onStreamFailed(entry, fault);
  }

  /** The connection is gone. */
  onLost(errno: number): void {
    const { side, remoteEnded } = this;
    this.detach();
    if (!remoteEnded) side?.onStreamLost(errno);
  }

  /** Our own code failed in the middle. */
  abandon(): void {
    const { side } = this;
    this.detach();
    side?.abandon();
  }

  /** The session has no such stream any more. */
  onClosed(): void {
    this.detach();
  }

  /** The connection does not know it from here on. */
  private detach(): void {
    this.connection.forgetStream(this.slot);
    if (this.isLingering) this.connection.endLingering();
    this.isLingering = false;
    this.slot = -1;
    this.dueMs = 0;
    this.output.release();
    if (this.side === undefined) this.connection.recycle(this);
  }

  /** The exchange does not know it from here on. */
  private leave(): void {
    this.side = undefined;
    this.exchange = undefined;
    this.dueMs = 0;
    if (this.slot === -1) this.connection.recycle(this);
  }

  private reset(errorCode: number): void {
    this.session.reset(this.slot, errorCode);
    this.connection.settle();
  }
}
