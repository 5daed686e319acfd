// One client connection speaking HTTP/2: the transport's events on one side, a session with its streams on the other. Gives turns to
// streams when the client takes more, keeps time, and leaves in order. What frames mean for streams is in client-streams.ts.
// Allocates per connection.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { INDEX_MASK } from '@sluice/native';
import { Http2Fault, Http2Session, http2FaultMessage, http2FaultName } from '@sluice/protocols';
import { ClientPace, Owed } from '../http/client-pace.ts';
import type { EntryPoint } from '../http/entry-point.ts';
import { forwardedBlock } from '../http/forwarded-fields.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import type { PeerAddress } from '../listen/peer-address.ts';
import type { DownstreamTls } from '../tls/downstream-tls.ts';
import { DownstreamConnection } from '../worker/downstream-connection.ts';
import { Pause } from '../worker/stream-connection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { ClientStreams } from './client-streams.ts';
import type { DownstreamStream } from './downstream-stream.ts';
import { FrameOutput } from './frame-output.ts';
import { Due, Http2Deadlines } from './http2-deadlines.ts';
import { giveBackStream } from './stream-pool.ts';

/** Of one stream at a time, when several wait. */
const TURN_BYTES = 16 * 1024;
/** A client that asks on without taking its answers is not read any more. Bodies alone never queue as much. */
const UNTAKEN_BYTES_MAX = 512 * 1024;
/** For the acknowledgement of our settings; less where the entry point waits less long for a head. */
const SETTINGS_TIMEOUT_MS = 10_000;
/** For the answer to the PING between the two halves of leaving (RFC 9113 §6.8). */
const LEAVE_TIMEOUT_MS = 1_000;

export class DownstreamHttp2 extends DownstreamConnection {
  readonly peerTrusted: boolean;
  /** Undefined: the connection is plain. */
  readonly tls: DownstreamTls | undefined;
  readonly session: Http2Session;
  readonly frames: FrameOutput;
  readonly streams: ClientStreams;
  private readonly deadlines: Http2Deadlines;
  /** Since when no stream has been open. */
  private idleSinceMs: number;
  private requests = 0;
  private leaving = false;
  /** One of the entries from the transport is on the stack: it settles what is left to do. */
  private busy = false;
  private wakeScheduled = false;
  /** Something whole has come in this batch. */
  private progressed = false;
  /** Slot that has its turn first. */
  private turn = 0;
  private blockHost: string | undefined = undefined;
  private block = Buffer.alloc(0);
  /** While it is busy for long, where slow clients are limited. */
  private pace: ClientPace | undefined = undefined;
  private readonly runWoken = () => this.onWoken();

  constructor(context: WorkerContext, entryPoint: EntryPoint, peer: PeerAddress, tls: DownstreamTls | undefined) {
    super(context, entryPoint, peer);
    this.peerTrusted = entryPoint.trusts(peer.bytes);
    this.tls = tls;
    const { session, fields, encoderTableBytes } = entryPoint.http2;
    this.streams = new ClientStreams(this, session.headerTableBytes, fields);
    this.session = new Http2Session(this.streams, context.transport.now, session);
    this.frames = new FrameOutput(this, this.session, encoderTableBytes);
    this.deadlines = new Http2Deadlines(this);
    this.idleSinceMs = context.transport.now;
  }

  override opened(): void {
    const { now } = this.context.transport;
    this.expireAt(0);
    this.frames.flushControl();
    const { headTimeoutMs } = this.entryPoint;
    const timeoutMs = headTimeoutMs > 0 ? Math.min(headTimeoutMs, SETTINGS_TIMEOUT_MS) : SETTINGS_TIMEOUT_MS;
    this.deadlines.set(Due.SETTINGS, now + timeoutMs);
    this.noteIdle();
    this.noteFrame();
    if (this.context.draining) this.beginDrain();
  }

  override idleForMs(now: number): number {
    return this.session.streamCount === 0 ? now - this.idleSinceMs : 0;
  }

  /** The client shall open no more streams here; those under way are served. */
  override beginDrain(): void {
    if (this.leaving || this.id === 0) return;
    this.leaving = true;
    this.session.announceLeave();
    this.session.ping(0, 0);
    this.frames.flushControl();
    this.deadlines.set(Due.LEAVE, this.context.transport.now + LEAVE_TIMEOUT_MS);
  }

  /** Looks at all streams together: each has its own timeouts besides. */
  override checkPace(elapsedMs: number): void {
    const { context, entryPoint, streams } = this;
    if (entryPoint.pace === undefined) return;
    if (this.session.streamCount === 0 && context.transport.queuedBytes[this.id & INDEX_MASK] === 0) {
      this.pace = undefined;
      return;
    }
    this.pace ??= new ClientPace(context, entryPoint.pace);
    const verdict = this.pace.look(this.id, streams.owed, streams.areTunnels, elapsedMs);
    if (verdict === undefined) return;
    entryPoint.metrics?.limits.reached(verdict);
    // Who does not read would not read an answer either.
    if (verdict.status === 0) this.abort();
    for (const stream of streams.bySlot) {
      if (verdict.status === 0 || stream?.owed === Owed.BODY) stream?.exchange?.fail(verdict);
    }
    if (this.id === 0) this.endStreams();
    else this.settle();
  }

  /** As in HTTP/1: prepared lines for the exchange's host. */
  forwardedBlockFor(exchange: HttpExchange): Uint8Array {
    if (this.blockHost !== exchange.request.host) {
      this.blockHost = exchange.request.host;
      this.block = Buffer.from(forwardedBlock(exchange), 'latin1');
    }
    return this.block;
  }

  // ---- transport ------------------------------------------------------------------------------------------------------

  override onData(offset: number, length: number): void {
    this.onBytes(this.context.transport.memory, offset, offset + length);
  }

  /** More of what the client sends: bytes of the transport's memory, or any others. Valid during the call only. */
  onBytes(bytes: Buffer, start: number, end: number): void {
    const { transport } = this.context;
    const unsentBytes = transport.queuedBytes[this.id & INDEX_MASK];
    this.busy = true;
    this.session.receive(bytes, start, end, transport.now, unsentBytes);
    this.noteFrame();
    this.settle();
    if (this.id !== 0 && unsentBytes > UNTAKEN_BYTES_MAX) this.pauseFor(Pause.HELD_INPUT);
  }

  override onDrained(): void {
    this.busy = true;
    this.resumeFor(Pause.HELD_INPUT);
    this.giveTurns();
    for (const stream of this.streams.bySlot) stream?.afterPump();
    this.settle();
  }

  override onEnd(): void {
    this.endStreams();
    this.closeGracefully();
  }

  override onClosed(): void {
    this.endStreams();
  }

  override onRelayed(): void {}

  override giveUp(): void {
    for (const stream of this.streams.bySlot) stream?.exchange?.abandon();
    this.endStreams();
    this.abort();
  }

  override endRequests(): void {
    this.endExchanges(false);
  }

  override endTunnels(): void {
    this.endExchanges(true);
  }

  override closeGracefully(): void {
    if (this.id === 0) return;
    this.session.leave();
    this.frames.flushControl();
    super.closeGracefully();
  }

  override onExpired(): void {
    const { deadlines, session } = this;
    const { now } = this.context.transport;
    this.busy = true;
    if (deadlines.takeDue(Due.SETTINGS, now)) session.failConnection(Http2Fault.SETTINGS_TIMEOUT);
    if (deadlines.takeDue(Due.LEAVE, now)) session.leave();
    if (deadlines.takeDue(Due.STREAMS, now)) this.expireStreams(now);
    if (deadlines.takeDue(Due.STALL, now)) this.endStalled(now);
    const isOver = deadlines.takeDue(Due.IDLE, now) || deadlines.takeDue(Due.FRAME, now);
    deadlines.rearm();
    this.settle();
    if (!isOver || this.id === 0) return;
    this.endStreams();
    this.closeGracefully();
  }

  // ---- session --------------------------------------------------------------------------------------------------------

  /** The peer has sent something whole, or data. */
  noteProgress(): void {
    this.progressed = true;
  }

  onStreamOpened(): void {
    this.requests++;
    this.deadlines.set(Due.IDLE, 0);
    const { keepAliveMaxRequests, keepAliveMaxTime } = this.entryPoint.configuration.transport;
    const isOld = keepAliveMaxTime > 0 && this.context.transport.now - this.acceptedAtMs >= keepAliveMaxTime;
    if (isOld || (keepAliveMaxRequests > 0 && this.requests >= keepAliveMaxRequests)) this.beginDrain();
  }

  onStreamClosed(): void {
    if (this.session.streamCount === 0) this.noteIdle();
  }

  onSettingsAcknowledged(): void {
    this.noteProgress();
    this.deadlines.set(Due.SETTINGS, 0);
  }

  onPingAck(): void {
    this.noteProgress();
    if (!this.leaving) return;
    this.deadlines.set(Due.LEAVE, 0);
    this.session.leave();
  }

  onSessionFault(fault: number): void {
    this.logFault(fault);
    this.afterOutside();
  }

  logFault(fault: number): void {
    const { log } = this.context;
    if (!log.isLevelEnabled('debug')) return;
    const { code } = Errors.DOWNSTREAM_HTTP2_FAULT;
    log.debug({ code, client: this.peer.text, fault: http2FaultName(fault) }, http2FaultMessage(fault));
  }

  /** Why another request is not served; undefined: it is. */
  get refusal(): CatalogueEntry | undefined {
    const { buffered } = this.context;
    if (!buffered.isFull || this.session.streamCount < 2) return undefined;
    this.entryPoint.metrics?.limits.reached(Errors.BUFFERS_EXHAUSTED);
    return Errors.BUFFERS_EXHAUSTED;
  }

  // ---- streams --------------------------------------------------------------------------------------------------------

  forgetStream(stream: DownstreamStream): void {
    this.streams.bySlot[stream.slot] = undefined;
  }

  giveBackStream(stream: DownstreamStream): void {
    giveBackStream(stream);
  }

  streamDueAt(atMs: number): void {
    this.deadlines.bringForward(Due.STREAMS, atMs);
  }

  /** A stream keeps what the client does not take: for how long, is looked at in a while. */
  noteKept(): void {
    if (this.deadlines.isSet(Due.STALL)) return;
    this.deadlines.set(Due.STALL, this.context.transport.now + this.entryPoint.http2.session.abuse.stallMs);
  }

  /** That stream shall go on when nothing else is on the stack. */
  wake(stream: DownstreamStream): void {
    stream.isWoken = true;
    this.scheduleWake();
  }

  /** A stream has been used by somebody else than us: what that has left to do is done soon. */
  afterOutside(): void {
    if (this.busy || this.id === 0) return;
    if (this.session.fault !== 0 || this.session.isFinished) this.scheduleWake();
    else this.frames.flushControl();
  }

  private scheduleWake(): void {
    if (this.wakeScheduled) return;
    this.wakeScheduled = true;
    queueMicrotask(this.runWoken);
  }

  private onWoken(): void {
    this.wakeScheduled = false;
    if (this.id === 0) return;
    this.busy = true;
    try {
      for (const stream of this.streams.bySlot) {
        if (stream?.isWoken !== true) continue;
        stream.isWoken = false;
        stream.onWoken();
      }
      this.settle();
    } catch (error) {
      this.context.log.error({ err: error, code: Errors.INTERNAL_FAULT.code }, Errors.INTERNAL_FAULT.meaning);
      this.giveUp();
    }
    this.context.transport.flush();
  }

  /** What waits goes out in turns, as long as the client takes it. */
  private giveTurns(): void {
    const { bySlot } = this.streams;
    const end = bySlot.length;
    let waiting = end;
    while (waiting > 0 && this.frames.takesMore) {
      if (this.turn >= end) this.turn = 0;
      const sent = bySlot[this.turn++]?.pump(TURN_BYTES) === true;
      waiting = sent ? end : waiting - 1;
    }
  }

  /** Streams that are tunnels, or the others. */
  private endExchanges(tunnels: boolean): void {
    this.busy = true;
    for (const stream of this.streams.bySlot) if (stream?.isTunnel === tunnels) stream.exchange?.abandon();
    this.settle();
  }

  private expireStreams(now: number): void {
    for (const stream of this.streams.bySlot) {
      if (stream === undefined || stream.dueMs === 0) continue;
      if (stream.dueMs > now) {
        this.streamDueAt(stream.dueMs);
        continue;
      }
      stream.dueMs = 0;
      stream.onExpired();
    }
  }

  /** Ends streams that the client takes nothing of, and the connection when there are no others. A tunnel's client may take its time. */
  private endStalled(now: number): void {
    const { session, streams } = this;
    let keeps = 0;
    let stalled = 0;
    for (const stream of streams.bySlot) {
      if (stream === undefined || !stream.output.keepsAny || stream.isTunnel) continue;
      keeps++;
      if (session.isStreamStalled(stream.slot, now)) stalled++;
    }
    if (stalled > 0 && stalled === session.streamCount) {
      session.failConnection(Http2Fault.STALLED);
      return;
    }
    if (keeps > stalled) this.noteKept();
    if (stalled === 0) return;
    for (const stream of streams.bySlot) {
      if (stream === undefined || stream.isTunnel || !session.isStreamStalled(stream.slot, now)) continue;
      session.failStream(stream.slot, Http2Fault.STALLED);
    }
  }

  private endStreams(): void {
    for (const stream of this.streams.bySlot) stream?.gone();
    this.streams.bySlot.length = 0;
  }

  /** The last thing to be done for each event. */
  private settle(): void {
    this.busy = false;
    if (this.id === 0) return;
    this.frames.flushControl();
    if (this.session.fault !== 0) this.endStreams();
    if (this.session.fault !== 0 || this.session.isFinished) this.closeGracefully();
  }

  private noteIdle(): void {
    const { now } = this.context.transport;
    const { idleTimeoutMs } = this.entryPoint;
    this.idleSinceMs = now;
    this.deadlines.set(Due.IDLE, idleTimeoutMs > 0 ? now + idleTimeoutMs : 0);
  }

  /** A field block, like a head of HTTP/1, must come in time; data has the time of its request. */
  private noteFrame(): void {
    const { headTimeoutMs } = this.entryPoint;
    const { deadlines } = this;
    if (!this.session.isInsideFrame || headTimeoutMs === 0) deadlines.set(Due.FRAME, 0);
    else if (this.progressed || !deadlines.isSet(Due.FRAME)) {
      deadlines.set(Due.FRAME, this.context.transport.now + headTimeoutMs);
    }
    this.progressed = false;
  }
}
