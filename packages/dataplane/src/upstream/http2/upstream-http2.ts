// One connection to a server speaking HTTP/2: gives streams to exchanges while the server allows more, decodes what comes back, and
// is one connection of its pool like any other while it is idle. What responses mean is the streams' business.
// Allocates per connection; stream objects are used again.

import { constants } from 'node:os';
import { type CatalogueEntry, Errors } from '@sluice/errors';
import { INDEX_MASK } from '@sluice/native';
import {
  DEFAULT_SESSION_OPTIONS,
  endsConnection,
  type FieldLimits,
  FieldSection,
  HpackDecoder,
  HpackError,
  Http2Fault,
  Http2Role,
  Http2Session,
  type Http2SessionOptions,
  http2FaultName,
  type SessionHandler,
} from '@sluice/protocols';
import { FrameOutput } from '../../http2/frame-output.ts';
import { Due, Http2Deadlines } from '../../http2/http2-deadlines.ts';
import { StreamConnection } from '../../worker/stream-connection.ts';
import type { WorkerContext } from '../../worker/worker-context.ts';
import type { UpstreamPool } from '../upstream-pool.ts';
import type { SharedConnections } from './shared-connections.ts';
import { UpstreamStream } from './upstream-stream.ts';

const { ETIMEDOUT } = constants.errno;

/** Streams of ours on one connection, if the server allows as many. */
export const STREAMS_MAX = 1_000;
/** The same before it has said how many it allows (RFC 9113 §6.5.2 advises servers to allow at least as many). */
const STREAMS_BEFORE_SETTINGS = 100;
const STREAM_WINDOW_BYTES = 262_144;
/** As for heads of HTTP/1. */
const LIMITS: FieldLimits = { listMaxBytes: 1024 * 1024, fieldsMax: 1024 };
const ENCODER_TABLE_BYTES = 4096;
/** Twice what streams may put into the queue at once, and more. */
const UNSENT_BYTES_MAX = 2 * 1024 * 1024;
/** For the server to acknowledge our settings. */
const SETTINGS_MS = 10_000;
/** Streams whose exchanges are over and whose server has not said so yet. */
const LINGERING_MAX = 16;

/**
 * No stream waits for a window of the connection: what one client does not take must not hold up others. Bodies of requests may fill
 * the queue to the server, which is not the server's fault.
 */
const OPTIONS: Http2SessionOptions = {
  ...DEFAULT_SESSION_OPTIONS,
  role: Http2Role.CLIENT,
  concurrentStreamsMax: STREAMS_MAX,
  streamWindowBytes: STREAM_WINDOW_BYTES,
  connectionWindowBytes: STREAMS_MAX * STREAM_WINDOW_BYTES,
  headerListBytesMax: LIMITS.listMaxBytes,
  abuse: { ...DEFAULT_SESSION_OPTIONS.abuse, unsentBytesMax: UNSENT_BYTES_MAX },
};

/** Good until the next block is decoded. */
const section = new FieldSection();

export class UpstreamHttp2 extends StreamConnection implements SessionHandler {
  readonly pool: UpstreamPool;
  /** The pool's when the connection was made. */
  readonly generation: number;
  readonly session: Http2Session;
  readonly frames: FrameOutput;
  /** One of the server's places is ours until we are gone. */
  holdsPlace = false;
  isIdle = false;
  /** Of no meaning while it serves an exchange. */
  idleSinceMs = 0;
  private readonly shared: SharedConnections;
  private readonly decoder = new HpackDecoder();
  private readonly deadlines: Http2Deadlines;
  /** By slot. */
  private readonly streams: (UpstreamStream | undefined)[] = [];
  private readonly free: UpstreamStream[] = [];
  /** Given away, and not opened yet. */
  private taken = 0;
  private lingering = 0;
  /** The server has answered, or said that it has looked at a request. */
  isOfUse = false;
  private hasServed = false;
  private settingsCame = false;
  /** No new streams. */
  private leaving = false;
  /** The session is being fed: what it wants sent, and whether it has ended, is looked at afterwards. */
  private receiving = false;
  private nextWritable = 0;
  /** When the server has sent something last, and whether it owes a sign of life since. */
  private heardAtMs = 0;
  private asked = false;

  constructor(context: WorkerContext, pool: UpstreamPool, shared: SharedConnections) {
    super(context);
    this.pool = pool;
    this.generation = pool.generation;
    this.shared = shared;
    this.session = new Http2Session(this, context.transport.now, OPTIONS);
    this.frames = new FrameOutput(this, this.session, ENCODER_TABLE_BYTES);
    this.deadlines = new Http2Deadlines(this);
  }

  /** To be called once it has its id, and stands. */
  opened(): void {
    this.expireAt(0);
    this.deadlines.set(Due.SETTINGS, this.context.transport.now + SETTINGS_MS);
    this.frames.flushControl();
    this.heard();
    if (this.pool.readIdleTimeoutMs > 0) this.deadlines.set(Due.PING, this.heardAtMs + this.pool.readIdleTimeoutMs);
  }

  // ---- streams ----------------------------------------------------------------------------------------------------------

  /** Streams that may be open at a time. */
  get streamsMax(): number {
    if (!this.settingsCame) return Math.min(STREAMS_BEFORE_SETTINGS, this.shared.streamsEach);
    return Math.min(STREAMS_MAX, this.session.peerSettings.concurrentStreamsMax);
  }

  /** It is not known yet how many streams there may be. */
  get awaitsSettings(): boolean {
    return !this.settingsCame;
  }

  get hasRoom(): boolean {
    if (this.leaving || this.id === 0 || !this.session.canOpenEver) return false;
    return this.session.streamCount + this.taken < this.streamsMax;
  }

  /** Only while it has room. */
  take(): UpstreamStream {
    if (this.isIdle) {
      this.isIdle = false;
      this.context.idleSeats.delete(this);
      this.deadlines.set(Due.IDLE, 0);
    }
    const stream = this.free.pop() ?? new UpstreamStream(this);
    stream.reused = this.hasServed;
    stream.isTaken = true;
    this.taken++;
    this.hasServed = true;
    return stream;
  }

  /** @returns the slot of a stream that was taken. @throws Error when there is none: a bug. */
  open(stream: UpstreamStream): number {
    const slot = this.session.openStream();
    if (slot === -1) throw new Error('a stream was taken that cannot be opened');
    stream.isTaken = false;
    this.taken--;
    this.streams[slot] = stream;
    return slot;
  }

  forgetStream(slot: number): void {
    if (slot !== -1) this.streams[slot] = undefined;
  }

  /** Nobody knows the stream any more. */
  recycle(stream: UpstreamStream): void {
    if (stream.isTaken) {
      stream.isTaken = false;
      this.taken--;
    }
    this.free.push(stream);
    this.settle();
  }

  /** May a stream wait for the server to end it? Its data will not be looked at. */
  mayLinger(): boolean {
    if (this.lingering >= LINGERING_MAX) return false;
    this.lingering++;
    return true;
  }

  endLingering(): void {
    this.lingering--;
  }

  streamDueAt(atMs: number): void {
    this.deadlines.bringForward(Due.STREAMS, atMs);
  }

  /** The server wants HTTP/1 for something; false when it cannot have that. */
  giveWayToHttp1(): boolean {
    if (!this.pool.secure) return false;
    this.shared.preferHttp1(this.context.transport.now);
    return true;
  }

  /** Sends what the session wants sent, and draws conclusions from its state. */
  settle(): void {
    if (this.receiving || this.id === 0) return;
    this.frames.flushControl();
    if (this.session.fault !== 0) this.end();
    else if (this.session.streamCount + this.taken === 0 && !this.isIdle) this.becomeIdle();
  }

  // ---- life -------------------------------------------------------------------------------------------------------------

  private becomeIdle(): void {
    const { pool, context } = this;
    this.isIdle = true;
    this.idleSinceMs = context.transport.now;
    const mayStay = !this.leaving && !context.draining && pool.places?.mayKeepIdle() !== false && pool.mayKeep(this);
    if (!mayStay) {
      this.leave();
      return;
    }
    context.idleSeats.add(this);
    if (pool.idleTimeoutMs > 0) this.deadlines.set(Due.IDLE, this.idleSinceMs + pool.idleTimeoutMs);
    pool.places?.onIdle();
  }

  /** Takes no more streams; closes once it has none. */
  leave(): void {
    this.leaving = true;
    this.shared.remove(this);
    if (this.id === 0 || this.session.streamCount + this.taken > 0) return;
    this.session.leave();
    this.frames.flushControl();
    this.closeGracefully();
  }

  /** The server has broken a rule of the connection. */
  private end(): void {
    this.leaving = true;
    this.shared.remove(this);
    const fault = http2FaultName(this.session.fault);
    this.failStreams(Errors.UPSTREAM_HTTP2_FAULT, fault);
    this.closeGracefully();
  }

  private failStreams(entry: CatalogueEntry, fault: string): void {
    for (let slot = 0; slot < this.streams.length; slot++) this.streams[slot]?.onFault(entry, fault);
  }

  private loseStreams(errno: number): void {
    this.leaving = true;
    this.shared.remove(this);
    for (let slot = 0; slot < this.streams.length; slot++) this.streams[slot]?.onLost(errno);
  }

  override forget(): void {
    this.context.idleSeats.delete(this);
    this.shared.remove(this);
    super.forget();
    if (!this.holdsPlace) return;
    this.holdsPlace = false;
    this.pool.places?.release();
  }

  override onData(offset: number, length: number): void {
    const { transport } = this.context;
    const unsentBytes = transport.queuedBytes[this.id & INDEX_MASK];
    this.heard();
    this.receiving = true;
    try {
      this.session.receive(transport.memory, offset, offset + length, transport.now, unsentBytes);
    } finally {
      this.receiving = false;
    }
    this.settle();
  }

  override onEnd(): void {
    this.loseStreams(0);
    this.closeGracefully();
  }

  override onClosed(errno: number): void {
    this.loseStreams(errno);
  }

  /** Each time another stream is first: what the connection takes is little for all of them. */
  override onDrained(): void {
    const { streams } = this;
    const first = this.nextWritable;
    for (let i = 0; i < streams.length && this.id !== 0; i++) {
      const slot = (first + i) % streams.length;
      streams[slot]?.onWritable();
      this.nextWritable = slot + 1;
      if (!this.frames.takesMore) break;
    }
    this.settle();
  }

  override onRelayed(): void {}

  override onExpired(): void {
    const { now } = this.context.transport;
    const { deadlines } = this;
    if (deadlines.takeDue(Due.SETTINGS, now)) this.session.failConnection(Http2Fault.SETTINGS_TIMEOUT);
    if (deadlines.takeDue(Due.STREAMS, now)) this.expireStreams(now);
    if (deadlines.takeDue(Due.PING, now)) this.checkLife(now);
    const idled = deadlines.takeDue(Due.IDLE, now);
    deadlines.rearm();
    this.settle();
    if (idled && this.isIdle) this.leave();
  }

  override giveUp(): void {
    this.leaving = true;
    this.shared.remove(this);
    for (let slot = 0; slot < this.streams.length; slot++) this.streams[slot]?.abandon();
    this.abort();
  }

  private heard(): void {
    this.heardAtMs = this.context.transport.now;
    if (!this.asked) return;
    this.asked = false;
    this.deadlines.set(Due.PING, this.heardAtMs + this.pool.readIdleTimeoutMs);
  }

  /** Whatever the server has sent meanwhile is a sign of life too. */
  private checkLife(now: number): void {
    const { readIdleTimeoutMs, pingTimeoutMs } = this.pool;
    const dueMs = this.heardAtMs + readIdleTimeoutMs;
    if (now < dueMs) this.deadlines.set(Due.PING, dueMs);
    else if (!this.asked) {
      this.asked = true;
      this.session.ping(0, 0);
      this.deadlines.set(Due.PING, now + pingTimeoutMs);
    } else {
      this.loseStreams(ETIMEDOUT);
      this.abort();
    }
  }

  private expireStreams(now: number): void {
    const { streams } = this;
    for (let slot = 0; slot < streams.length; slot++) {
      const stream = streams[slot];
      if (stream === undefined || stream.dueMs === 0 || stream.dueMs > now) continue;
      stream.dueMs = 0;
      stream.onDue();
    }
    for (let slot = 0; slot < streams.length; slot++) {
      const dueMs = streams[slot]?.dueMs ?? 0;
      if (dueMs !== 0) this.deadlines.bringForward(Due.STREAMS, dueMs);
    }
  }

  // ---- what the session tells -------------------------------------------------------------------------------------------

  onStreamHeaders(
    slot: number,
    trailers: boolean,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    if (!this.decode(bytes, start, end)) this.streams[slot]?.onFieldsTooLarge();
    else if (this.session.fault === 0) this.streams[slot]?.onFields(section, trailers, endStream);
  }

  onDiscardedHeaders(bytes: Buffer, start: number, end: number): void {
    this.decode(bytes, start, end);
  }

  /** False: this block is too large, but the connection goes on. */
  private decode(bytes: Buffer, start: number, end: number): boolean {
    const result = this.decoder.decode(bytes, start, end, section, LIMITS);
    if (endsConnection(result)) {
      const isHostile = result === HpackError.HOSTILE_BLOCK;
      this.session.failConnection(isHostile ? Http2Fault.FIELD_BLOCK_TOO_LARGE : Http2Fault.BAD_FIELD_BLOCK);
    }
    return result >= 0 || this.session.fault !== 0;
  }

  onStreamData(slot: number, bytes: Buffer, start: number, end: number): void {
    const stream = this.streams[slot];
    if (stream === undefined) this.session.consumed(slot, end - start);
    else stream.onData(bytes, start, end);
  }

  onStreamEnd(slot: number): void {
    this.streams[slot]?.onRemoteEnd();
  }

  onStreamReset(slot: number, errorCode: number): void {
    this.streams[slot]?.onReset(errorCode);
  }

  onStreamFault(slot: number, fault: number): void {
    const entry =
      fault === Http2Fault.MALFORMED_MESSAGE ? Errors.UPSTREAM_MALFORMED_RESPONSE : Errors.UPSTREAM_HTTP2_FAULT;
    this.streams[slot]?.onFault(entry, http2FaultName(fault));
  }

  onStreamClosed(slot: number): void {
    this.streams[slot]?.onClosed();
    this.shared.onRoom();
  }

  onStreamWritable(slot: number): void {
    this.streams[slot]?.onWritable();
  }

  onPeerSettings(): void {
    const { peerSettings } = this.session;
    const { encoder } = this.frames;
    encoder.setPeerTableLimit(peerSettings.headerTableBytesLowest);
    encoder.setPeerTableLimit(peerSettings.headerTableBytes);
    peerSettings.headerTableBytesLowest = peerSettings.headerTableBytes;
    this.settingsCame = true;
    this.shared.onSettings(this);
  }

  onSettingsAcknowledged(): void {
    this.deadlines.set(Due.SETTINGS, 0);
  }

  onPingAck(): void {}

  /** Told before the streams that it refuses. */
  onGoaway(lastStreamId: number): void {
    if (lastStreamId > 0) this.isOfUse = true;
    this.leaving = true;
    this.shared.remove(this);
  }

  onConnectionFault(): void {
    this.leaving = true;
  }
}
