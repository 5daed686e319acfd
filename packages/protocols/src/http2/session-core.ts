// The state of one HTTP/2 connection and the few acts that both directions share: opening and closing streams, ending them or
// the connection for a fault, counting what wears us out. Rules about frames are in inbound-frames.ts, the face is
// http2-session.ts. Allocates per connection, not per stream (but see StreamTable).

import {
  ABUSE_FAULTS,
  Abuse,
  abuseRates,
  IGNORED_FRAMES_PER_STREAM,
  PRIORITIES_PER_STREAM,
  WINDOW_UPDATES_PER_FRAME,
} from './abuse-limits.ts';
import { ControlOutput } from './control-output.ts';
import type { FrameReader } from './frame-reader.ts';
import { INT31_MAX } from './frame-type.ts';
import { Http2Fault, http2FaultCode } from './http2-fault.ts';
import { PeerSettings } from './peer-settings.ts';
import { ReceiveWindows } from './receive-windows.ts';
import { RecentStreams } from './recent-streams.ts';
import { SendWindows } from './send-windows.ts';
import type { SessionHandler } from './session-handler.ts';
import { checkSessionOptions, Http2Role, type Http2SessionOptions } from './session-options.ts';
import { Column, StreamFlag, StreamTable } from './stream-table.ts';
import { TokenBuckets } from './token-buckets.ts';

/** Streams we reset while the peer was still sending; more of its frames may be under way. */
const RESET_STREAMS_KEPT = 256;
/** Only to tell a frame behind the end of its stream from an identifier that was skipped. */
const ENDED_STREAMS_KEPT = 32;

export class SessionCore {
  readonly handler: SessionHandler;
  readonly options: Http2SessionOptions;
  readonly isServer: boolean;
  readonly table: StreamTable;
  readonly output = new ControlOutput();
  readonly peer: PeerSettings;
  readonly receiving: ReceiveWindows;
  readonly sending: SendWindows;
  readonly buckets: TokenBuckets;
  readonly resetStreams = new RecentStreams(RESET_STREAMS_KEPT);
  readonly endedStreams = new RecentStreams(ENDED_STREAMS_KEPT);
  /** Stopped with the connection. */
  reader: FrameReader | undefined = undefined;
  /** Milliseconds, as the caller gave them last. */
  now: number;
  /** Bytes that waited to be sent when the caller fed us last. */
  unsentBytes = 0;
  /** The `Http2Fault` that ended the connection; 0: it lives. */
  fault = 0;
  /** Highest identifier the peer has opened a stream with. */
  lastPeerStream = 0;
  /** Identifier of the next stream we open; beyond 2^31 - 1: none is left. */
  nextOwnStream: number;
  /** Streams of the peer above are ignored (RFC 9113 §6.8). */
  goawaySent = INT31_MAX;
  /** Our streams above are refused. 2^31 - 1 also before any GOAWAY. */
  goawayReceived = INT31_MAX;
  peerLeaves = false;
  /** SETTINGS frames of ours without answer. */
  settingsPending = 0;
  pingsPending = 0;

  constructor(handler: SessionHandler, options: Http2SessionOptions, now: number) {
    checkSessionOptions(options);
    this.handler = handler;
    this.options = options;
    this.isServer = options.role === Http2Role.SERVER;
    this.table = new StreamTable(options.concurrentStreamsMax);
    this.peer = new PeerSettings(!this.isServer);
    const { streamWindowBytes, connectionWindowBytes } = options;
    this.receiving = new ReceiveWindows(this.table, this.output, streamWindowBytes, connectionWindowBytes);
    this.sending = new SendWindows(this.table, options.abuse);
    this.buckets = new TokenBuckets(abuseRates(options.abuse), now);
    this.now = now;
    this.nextOwnStream = this.isServer ? 2 : 1;
  }

  /** Whether a stream of that identifier has never been opened by either side. */
  isIdle(streamId: number): boolean {
    const own = (streamId & 1) === (this.nextOwnStream & 1);
    return own ? streamId >= this.nextOwnStream : streamId > this.lastPeerStream;
  }

  open(streamId: number): number {
    const { table } = this;
    const slot = table.add(streamId);
    this.buckets.credit(Abuse.PINGS, 1);
    this.buckets.credit(Abuse.PRIORITIES, PRIORITIES_PER_STREAM);
    this.buckets.credit(Abuse.WINDOW_UPDATES, WINDOW_UPDATES_PER_FRAME);
    this.buckets.credit(Abuse.IGNORED_FRAMES, IGNORED_FRAMES_PER_STREAM);
    table.set(slot, Column.SEND_WINDOW, this.sending.streamBytes);
    table.set(slot, Column.RECEIVE_WINDOW, this.receiving.streamBytes);
    return slot;
  }

  /** Both sides have sent all of their messages. */
  complete(slot: number): void {
    this.buckets.credit(Abuse.RESETS, 1);
    this.close(slot);
  }

  /** The stream is over for both sides; the slot is free when the handler hears of it. */
  close(slot: number): void {
    this.endedStreams.add(this.table.get(slot, Column.ID));
    this.free(slot);
  }

  /** Sends RST_STREAM and closes; frames of the peer that are under way will do no harm. */
  reset(slot: number, errorCode: number): void {
    const { table } = this;
    const streamId = table.get(slot, Column.ID);
    this.output.rstStream(streamId, errorCode);
    if (table.has(slot, StreamFlag.REMOTE_ENDED)) this.endedStreams.add(streamId);
    else this.resetStreams.add(streamId);
    this.free(slot);
  }

  /** The peer's part of the stream is complete. */
  endRemote(slot: number): void {
    const { table } = this;
    const streamId = table.get(slot, Column.ID);
    table.mark(slot, StreamFlag.REMOTE_ENDED);
    this.handler.onStreamEnd(slot);
    // The handler may have ended our part, and so closed it.
    if (this.isLive(slot, streamId) && table.has(slot, StreamFlag.LOCAL_ENDED)) this.complete(slot);
  }

  /** The slot still belongs to that stream, and the connection lives. */
  isLive(slot: number, streamId: number): boolean {
    return this.fault === 0 && this.table.get(slot, Column.ID) === streamId;
  }

  /** Ends a live stream because the peer broke a rule. */
  failStream(slot: number, fault: number): void {
    if (!this.mayAnswer() || !this.countReset()) return;
    const streamId = this.table.get(slot, Column.ID);
    this.handler.onStreamFault(slot, fault);
    if (this.isLive(slot, streamId)) this.reset(slot, http2FaultCode(fault));
  }

  /** The same where the stream has no slot: it was never let in, or is closed. */
  refuseStream(streamId: number, fault: number, remoteEnded: boolean): void {
    if (!this.mayAnswer()) return;
    this.output.rstStream(streamId, http2FaultCode(fault));
    if (!remoteEnded) this.resetStreams.add(streamId);
  }

  /** Ends the connection. The first fault counts (§5.4.1). */
  failConnection(fault: number): void {
    if (this.fault !== 0) return;
    this.fault = fault;
    this.reader?.stop();
    this.output.goaway(Math.min(this.lastPeerStream, this.goawaySent), http2FaultCode(fault));
    this.handler.onConnectionFault(fault);
  }

  /** Takes a token of an `Abuse`; false: there was none, and the connection has ended. */
  count(abuse: number): boolean {
    if (this.buckets.take(abuse, this.now)) return true;
    this.failConnection(ABUSE_FAULTS[abuse]);
    return false;
  }

  /** A stream of the client ends before its time, by the client's doing: work for nothing. */
  countReset(): boolean {
    return !this.isServer || this.count(Abuse.RESETS);
  }

  /** Whether the peer reads what we say; false: it does not, and the connection has ended. */
  mayAnswer(): boolean {
    if (this.fault !== 0) return false;
    if (this.unsentBytes + this.output.length <= this.options.abuse.unsentBytesMax) return true;
    this.failConnection(Http2Fault.ANSWERS_NOT_READ);
    return false;
  }

  private free(slot: number): void {
    this.receiving.drop(slot);
    this.table.remove(slot);
    this.handler.onStreamClosed(slot);
  }
}
