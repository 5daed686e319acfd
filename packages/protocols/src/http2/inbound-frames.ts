// The rules for frames that come in, given the state of streams and connection (RFC 9113 §5.1, §6): what a frame changes, what
// is told to the user of the session, what is answered, and what ends a stream or the connection.
// Allocates nothing of its own.

import { Abuse } from './abuse-limits.ts';
import { Http2ErrorCode } from './error-code.ts';
import type { FrameHandler } from './frame-handler.ts';
import { Http2Fault } from './http2-fault.ts';
import type { SessionCore } from './session-core.ts';
import { Column, StreamFlag } from './stream-table.ts';

const NO_SLOT = -1;
/** In place of a fault: the frame is dropped without a word. */
const IGNORED = -1;

export class InboundFrames implements FrameHandler {
  private readonly core: SessionCore;
  /** Of the DATA frame under way; -1: its data is dropped. */
  private dataSlot = NO_SLOT;
  private dataBytes = 0;
  /** Slot to begin with when windows grow. */
  private offerFrom = 0;

  constructor(core: SessionCore) {
    this.core = core;
  }

  onDataBegin(streamId: number, payloadBytes: number): void {
    const { core } = this;
    const { receiving, table } = core;
    this.dataBytes = 0;
    this.dataSlot = NO_SLOT;
    // §6.9: whatever becomes of the frame, its bytes count on the connection.
    if (!receiving.takeOnConnection(payloadBytes)) {
      core.failConnection(Http2Fault.CONNECTION_WINDOW_EXCEEDED);
      return;
    }
    const slot = table.find(streamId);
    const fault = slot === NO_SLOT ? this.strayDataFault(streamId) : this.dataFault(slot, payloadBytes);
    if (slot !== NO_SLOT && fault === 0) {
      this.dataSlot = slot;
      return;
    }
    receiving.consumeOnConnection(payloadBytes);
    if (fault === Http2Fault.IDLE_STREAM) core.failConnection(fault);
    else if (slot !== NO_SLOT) core.failStream(slot, fault);
    else if (fault !== 0 && core.countReset()) core.refuseStream(streamId, fault, false);
  }

  onDataBytes(streamId: number, bytes: Buffer, start: number, end: number): void {
    this.dataBytes += end - start;
    const slot = this.dataSlot;
    // The stream may have ended between two pieces of the frame.
    if (slot !== NO_SLOT && this.core.isLive(slot, streamId)) this.core.handler.onStreamData(slot, bytes, start, end);
  }

  onDataEnd(streamId: number, paddingBytes: number, endStream: boolean): void {
    const { core } = this;
    if (this.dataBytes > 0) core.buckets.credit(Abuse.PINGS, 1);
    else if (!endStream && !core.count(Abuse.EMPTY_DATA)) return;
    const slot = this.dataSlot;
    if (slot === NO_SLOT || !core.isLive(slot, streamId)) return;
    core.receiving.consume(slot, paddingBytes);
    if (endStream) core.endRemote(slot);
  }

  onHeaders(streamId: number, endStream: boolean, fault: number, bytes: Buffer, start: number, end: number): void {
    const { core } = this;
    const slot = core.table.find(streamId);
    // Empty trailers end their stream, and so are as few as streams.
    if (start === end && (slot === NO_SLOT || !endStream) && !core.count(Abuse.EMPTY_HEADERS)) return;
    if (slot !== NO_SLOT) {
      this.laterHeaders(slot, endStream, fault, bytes, start, end);
      return;
    }
    const refusal = core.isIdle(streamId) ? this.admit(streamId, fault) : this.strayHeadersFault(streamId);
    if (core.fault !== 0) return;
    if (refusal !== 0) {
      core.handler.onDiscardedHeaders(bytes, start, end);
      if (refusal !== IGNORED) core.refuseStream(streamId, refusal, endStream);
      return;
    }
    const opened = core.open(streamId);
    core.table.mark(opened, StreamFlag.HEAD_CAME);
    this.tellHeaders(opened, streamId, false, endStream, bytes, start, end);
  }

  onPriority(): void {
    // Deprecated (§5.3.2): read, counted, and of no effect.
    this.core.count(Abuse.PRIORITIES);
  }

  onReset(streamId: number, errorCode: number): void {
    const { core } = this;
    const slot = core.table.find(streamId);
    if (slot === NO_SLOT) {
      if (core.isIdle(streamId)) core.failConnection(Http2Fault.IDLE_STREAM);
      else core.count(Abuse.IGNORED_FRAMES);
      return;
    }
    if (!core.countReset()) return;
    core.handler.onStreamReset(slot, errorCode);
    if (core.isLive(slot, streamId)) core.close(slot);
  }

  onSetting(id: number, value: number): void {
    const fault = this.core.peer.apply(id, value);
    if (fault !== 0) this.core.failConnection(fault);
  }

  onSettingsEnd(): void {
    const { core } = this;
    if (!core.count(Abuse.SETTINGS) || !core.mayAnswer()) return;
    if (!core.sending.changeInitial(core.peer.initialWindowBytes)) {
      core.failConnection(Http2Fault.WINDOW_OVERFLOW);
      return;
    }
    core.output.settingsAck();
    core.handler.onPeerSettings();
    this.offerWindows();
  }

  onSettingsAck(): void {
    const { core } = this;
    if (core.settingsPending === 0) {
      core.failConnection(Http2Fault.UNEXPECTED_SETTINGS_ACK);
      return;
    }
    core.settingsPending--;
    core.receiving.acknowledged();
    core.handler.onSettingsAcknowledged();
  }

  onPing(high: number, low: number): void {
    const { core } = this;
    if (core.count(Abuse.PINGS) && core.mayAnswer()) core.output.ping(high, low, true);
  }

  onPingAck(high: number, low: number): void {
    const { core } = this;
    if (core.pingsPending === 0) {
      core.count(Abuse.IGNORED_FRAMES);
      return;
    }
    core.pingsPending--;
    core.handler.onPingAck(high, low);
  }

  onGoaway(lastStreamId: number, errorCode: number): void {
    const { core } = this;
    const { table } = core;
    if (lastStreamId > core.goawayReceived) {
      core.failConnection(Http2Fault.GOAWAY_INCREASED);
      return;
    }
    if (!core.count(Abuse.IGNORED_FRAMES)) return;
    core.goawayReceived = lastStreamId;
    core.peerLeaves = true;
    core.handler.onGoaway(lastStreamId, errorCode);
    if (core.isServer) return;
    for (let slot = 0; slot < table.slotsEnd && core.fault === 0; slot++) {
      const streamId = table.get(slot, Column.ID);
      if (streamId <= lastStreamId) continue;
      core.handler.onStreamReset(slot, Http2ErrorCode.REFUSED_STREAM);
      if (core.isLive(slot, streamId)) core.close(slot);
    }
  }

  onWindowUpdate(streamId: number, increment: number): void {
    const { core } = this;
    const { sending, options } = core;
    if (!core.count(Abuse.WINDOW_UPDATES)) return;
    if (increment < options.abuse.tinyIncrementBytes && !core.count(Abuse.TINY_WINDOW_UPDATES)) return;
    if (streamId === 0) {
      if (sending.growConnection(increment)) this.offerWindows();
      else core.failConnection(Http2Fault.WINDOW_OVERFLOW);
      return;
    }
    const slot = core.table.find(streamId);
    if (slot === NO_SLOT) {
      // Late for a stream that has ended is no fault (§6.9).
      if (core.isIdle(streamId)) core.failConnection(Http2Fault.IDLE_STREAM);
      return;
    }
    if (!sending.growStream(slot, increment)) core.failStream(slot, Http2Fault.WINDOW_OVERFLOW);
    else if (sending.isReady(slot)) core.handler.onStreamWritable(slot);
  }

  onUnknownFrame(): void {
    this.core.count(Abuse.IGNORED_FRAMES);
  }

  onFrameFault(fault: number, streamId: number): void {
    const { core } = this;
    const slot = streamId === 0 ? NO_SLOT : core.table.find(streamId);
    if (slot !== NO_SLOT) core.failStream(slot, fault);
    // A stream that was never opened cannot be reset (§6.4).
    else if (streamId === 0 || core.isIdle(streamId)) core.failConnection(fault);
    else core.count(Abuse.IGNORED_FRAMES);
  }

  /** Why data for a stream in the table is refused; 0: it is not. Counts it on the stream's window. */
  private dataFault(slot: number, payloadBytes: number): number {
    const { receiving, table } = this.core;
    if (table.has(slot, StreamFlag.REMOTE_ENDED)) return Http2Fault.STREAM_CLOSED;
    if (!table.has(slot, StreamFlag.HEAD_CAME)) return Http2Fault.DATA_BEFORE_HEAD;
    return receiving.takeOnStream(slot, payloadBytes) ? 0 : Http2Fault.STREAM_WINDOW_EXCEEDED;
  }

  /** The same for a stream that is not in the table; 0: it may come, and is dropped. */
  private strayDataFault(streamId: number): number {
    const { core } = this;
    if (core.isIdle(streamId)) return Http2Fault.IDLE_STREAM;
    return core.resetStreams.has(streamId) || this.isBeyondGoaway(streamId) ? 0 : Http2Fault.STREAM_CLOSED;
  }

  private isBeyondGoaway(streamId: number): boolean {
    return this.core.isServer && streamId > this.core.goawaySent;
  }

  /** HEADERS for a stream that is open: a response to us, or trailers. */
  private laterHeaders(
    slot: number,
    endStream: boolean,
    frameFault: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const { core } = this;
    const { table } = core;
    const streamId = table.get(slot, Column.ID);
    const trailers = table.has(slot, StreamFlag.HEAD_CAME);
    let fault = frameFault;
    if (table.has(slot, StreamFlag.REMOTE_ENDED)) fault = Http2Fault.STREAM_CLOSED;
    else if (trailers && !endStream) fault = Http2Fault.TRAILERS_WITHOUT_END;
    if (fault === 0) {
      table.mark(slot, StreamFlag.HEAD_CAME);
      this.tellHeaders(slot, streamId, trailers, endStream, bytes, start, end);
      return;
    }
    core.handler.onDiscardedHeaders(bytes, start, end);
    if (core.isLive(slot, streamId)) core.failStream(slot, fault);
  }

  private tellHeaders(
    slot: number,
    streamId: number,
    trailers: boolean,
    endStream: boolean,
    bytes: Buffer,
    start: number,
    end: number,
  ): void {
    const { core } = this;
    core.handler.onStreamHeaders(slot, trailers, endStream, bytes, start, end);
    if (endStream && core.isLive(slot, streamId)) core.endRemote(slot);
  }

  /** A stream that the peer wants to open: 0, why it is refused, or IGNORED. May end the connection. */
  private admit(streamId: number, fault: number): number {
    const { core } = this;
    // Nobody pushes: the streams of a server stay idle (§5.1.1), and our own are opened by us.
    if (!core.isServer || (streamId & 1) === 0) {
      core.failConnection(Http2Fault.BAD_STREAM_ID);
      return IGNORED;
    }
    core.lastPeerStream = streamId;
    if (streamId > core.goawaySent) {
      core.count(Abuse.IGNORED_FRAMES);
      return IGNORED;
    }
    if (fault !== 0) {
      core.countReset();
      return fault;
    }
    if (core.table.isFull) {
      core.count(Abuse.REFUSED_STREAMS);
      return Http2Fault.TOO_MANY_STREAMS;
    }
    return 0;
  }

  /** HEADERS for a stream that is closed. Ends the connection unless they may have been under way when it was. */
  private strayHeadersFault(streamId: number): number {
    const { core } = this;
    const late = core.resetStreams.has(streamId) || this.isBeyondGoaway(streamId);
    if (late) core.count(Abuse.IGNORED_FRAMES);
    else if (core.endedStreams.has(streamId)) core.failConnection(Http2Fault.STREAM_CLOSED);
    else if (core.isServer) core.failConnection(Http2Fault.BAD_STREAM_ID);
    // All our streams below the next have been open once: this one was closed long ago.
    else core.count(Abuse.IGNORED_FRAMES);
    return IGNORED;
  }

  /**
   * Windows have grown: streams that wait are told, as long as the connection has something left. Begins behind the stream that
   * was told last, so that a greedy one does not starve the others.
   */
  private offerWindows(): void {
    const { core } = this;
    const { sending, table } = core;
    const end = table.slotsEnd;
    let slot = this.offerFrom;
    for (let count = 0; count < end && sending.allowed > 0 && core.fault === 0; count++, slot++) {
      if (slot >= end) slot = 0;
      if (table.get(slot, Column.ID) === 0 || !sending.isReady(slot)) continue;
      this.offerFrom = slot + 1;
      core.handler.onStreamWritable(slot);
    }
  }
}
