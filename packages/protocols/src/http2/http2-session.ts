// One HTTP/2 connection as a set of rules, for either role: bytes of the peer go in, what they mean comes out through a
// SessionHandler, and control frames to be sent pile up in `output`. No I/O, no clock, no HPACK.
// Send `output` before any frame of your own: acknowledgements keep their place in the order of frames.
// Allocates per connection; nothing per stream or frame once its tables have grown.

import { Abuse, WINDOW_UPDATES_PER_FRAME } from './abuse-limits.ts';
import type { ControlOutput } from './control-output.ts';
import { Http2ErrorCode } from './error-code.ts';
import { FrameReader } from './frame-reader.ts';
import { INT31_MAX } from './frame-type.ts';
import { InboundFrames } from './inbound-frames.ts';
import type { PeerSettings } from './peer-settings.ts';
import { SessionCore } from './session-core.ts';
import type { SessionHandler } from './session-handler.ts';
import { announcedSettings, DEFAULT_SESSION_OPTIONS, type Http2SessionOptions } from './session-options.ts';
import { Column, StreamFlag } from './stream-table.ts';

export class Http2Session {
  private readonly core: SessionCore;
  private readonly reader: FrameReader;

  /** Our preface is in `output` at once. `now` in milliseconds, monotonic, as everywhere here. */
  constructor(handler: SessionHandler, now: number, options: Http2SessionOptions = DEFAULT_SESSION_OPTIONS) {
    const core = new SessionCore(handler, options, now);
    this.core = core;
    this.reader = new FrameReader(new InboundFrames(core), core.isServer, options.frames);
    core.reader = this.reader;
    if (!core.isServer) core.output.clientPreface();
    core.output.settings(announcedSettings(options));
    core.settingsPending = 1;
    core.receiving.announceConnection();
  }

  /** Frames to send; empty it with `clear` when that is done. */
  get output(): ControlOutput {
    return this.core.output;
  }

  get peerSettings(): PeerSettings {
    return this.core.peer;
  }

  /** The `Http2Fault` that ended the connection; 0: it lives. After it, every call does nothing. */
  get fault(): number {
    return this.core.fault;
  }

  /** Streams that are open. Slots are below `slotsEnd`. */
  get streamCount(): number {
    return this.core.table.count;
  }

  get slotsEnd(): number {
    return this.core.table.slotsEnd;
  }

  /** The peer has not acknowledged our settings yet; how long it may take is up to the caller (SETTINGS_TIMEOUT). */
  get awaitsSettingsAck(): boolean {
    return this.core.settingsPending > 0;
  }

  /** The peer owes the rest of a frame or field block, or its preface. */
  get isInsideFrame(): boolean {
    return this.reader.isInsideFrame;
  }

  /** One side has said farewell, and no stream is left. */
  get isFinished(): boolean {
    const { core } = this;
    return core.table.count === 0 && (core.peerLeaves || core.goawaySent < INT31_MAX);
  }

  /** Identifier of the stream in a slot; 0: none. */
  streamId(slot: number): number {
    return this.core.table.get(slot, Column.ID);
  }

  /** Whether the peer has ended its part of the stream. */
  hasRemoteEnded(slot: number): boolean {
    return this.core.table.has(slot, StreamFlag.REMOTE_ENDED);
  }

  /**
   * Takes all of `bytes[start…end)`. `unsentBytes`: what waits to be sent on the connection, `output` aside; a peer that does
   * not read is given no more answers. Must not be called from inside a call to the handler.
   */
  receive(bytes: Buffer, start: number, end: number, now: number, unsentBytes: number): void {
    const { core } = this;
    core.now = now;
    core.unsentBytes = unsentBytes;
    this.reader.read(bytes, start, end);
  }

  /** Opens a stream as client and returns its slot; -1 when none may be opened now, or ever (see `canOpenEver`). */
  openStream(): number {
    const { core } = this;
    const { table } = core;
    if (!this.canOpenEver || table.isFull || table.count >= core.peer.concurrentStreamsMax) return -1;
    const slot = core.open(core.nextOwnStream);
    core.nextOwnStream += 2;
    return slot;
  }

  /** Client: the connection is of use for further streams, if not now then when others have ended. */
  get canOpenEver(): boolean {
    const { core } = this;
    if (core.isServer || core.fault !== 0) return false;
    return !core.peerLeaves && core.goawaySent === INT31_MAX && core.nextOwnStream <= INT31_MAX;
  }

  /** The head told last was interim (1xx): another follows. To be called from `onStreamHeaders`. */
  interimHead(slot: number): void {
    this.core.table.unmark(slot, StreamFlag.HEAD_CAME);
  }

  /** A field block is sent on the stream. */
  sentHeaders(slot: number, endStream: boolean): void {
    if (this.core.fault === 0) this.noteSent(slot, endStream);
  }

  /**
   * How many of `wanted` bytes (more than 0) may go into one DATA frame now; 0: wait for `onStreamWritable`. To be asked
   * again whenever something was sent.
   */
  sendable(slot: number, wanted: number, now: number): number {
    const { core } = this;
    if (core.fault !== 0) return 0;
    const allowed = core.sending.allowedFor(slot, wanted, now);
    return Math.min(allowed, core.peer.frameBytesMax);
  }

  /** A DATA frame of `bytes` is sent. @throws RangeError for more than `sendable`, or behind the end: bugs of the caller. */
  sentData(slot: number, bytes: number, endStream: boolean, now: number): void {
    const { core } = this;
    if (core.fault !== 0) return;
    core.sending.sent(slot, bytes, now);
    core.buckets.credit(Abuse.PINGS, 1);
    core.buckets.credit(Abuse.WINDOW_UPDATES, WINDOW_UPDATES_PER_FRAME);
    // A small frame that no window made small deserves a small update on both levels.
    if (!core.table.has(slot, StreamFlag.BLOCKED)) core.buckets.credit(Abuse.TINY_WINDOW_UPDATES, 2);
    this.noteSent(slot, endStream);
  }

  /** `bytes` of the data told by `onStreamData` have gone on their way: the peer may send as many again. */
  consumed(slot: number, bytes: number): void {
    if (this.core.fault === 0) this.core.receiving.consume(slot, bytes);
  }

  /**
   * Gives a stream up: CANCEL, REFUSED_STREAM, or NO_ERROR behind a response that needs no more of its request (§8.1). Does
   * nothing when the slot is free.
   */
  reset(slot: number, errorCode: number): void {
    if (this.core.fault === 0 && this.streamId(slot) !== 0) this.core.reset(slot, errorCode);
  }

  /**
   * The peer broke a rule of a stream that only the caller can see, such as a malformed head. Counts as its reset. Does nothing
   * when the slot is free.
   */
  failStream(slot: number, fault: number): void {
    if (this.streamId(slot) !== 0) this.core.failStream(slot, fault);
  }

  /** The same for the connection, such as a field block that cannot be decoded. */
  failConnection(fault: number): void {
    this.core.failConnection(fault);
  }

  /** Asks for an answer, told by `onPingAck`. */
  ping(high: number, low: number): void {
    const { core } = this;
    if (core.fault !== 0) return;
    core.pingsPending++;
    core.output.ping(high, low, false);
  }

  /** First half of leaving (§6.8): the peer shall open no more streams, but those under way are still served. */
  announceLeave(): void {
    const { core } = this;
    if (core.fault === 0 && core.goawaySent === INT31_MAX) core.output.goaway(INT31_MAX, Http2ErrorCode.NO_ERROR);
  }

  /** Second half, a round trip later (a `ping` tells): streams from here on are ignored. */
  leave(): void {
    const { core } = this;
    if (core.fault !== 0 || core.goawaySent < INT31_MAX) return;
    core.goawaySent = core.lastPeerStream;
    core.output.goaway(core.lastPeerStream, Http2ErrorCode.NO_ERROR);
  }

  /** The peer takes nothing of a stream that has data for it. */
  isStreamStalled(slot: number, now: number): boolean {
    return this.core.sending.isStreamStalled(slot, now);
  }

  /** All streams are stalled: whoever asks may `failConnection(Http2Fault.STALLED)`. */
  isStalled(now: number): boolean {
    return this.core.sending.isStalled(now);
  }

  private noteSent(slot: number, endStream: boolean): void {
    const { core } = this;
    const { table } = core;
    if (table.get(slot, Column.ID) === 0 || table.has(slot, StreamFlag.LOCAL_ENDED)) {
      throw new RangeError('a frame is sent on a stream that has ended');
    }
    if (!endStream) return;
    table.mark(slot, StreamFlag.LOCAL_ENDED);
    table.unmark(slot, StreamFlag.BLOCKED);
    if (table.has(slot, StreamFlag.REMOTE_ENDED)) core.complete(slot);
  }
}
