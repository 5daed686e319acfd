// What an Http2Session tells its user: what is left of a peer's frames when all rules are kept. Byte ranges are valid during
// the call only. Streams are named by their slot, a small number that stays the same until `onStreamClosed`.
// Every call may use the session, but not feed it.

export interface SessionHandler {
  /**
   * A field block for a stream, to be decoded at once: the decoder's state depends on it. Server: a request, or its trailers.
   * Client: a response head, interim ones included (see `Http2Session.interimHead`), or trailers. Decide here what a failed
   * decoding means: `failConnection` or `failStream`.
   */
  onStreamHeaders(slot: number, trailers: boolean, endStream: boolean, bytes: Buffer, start: number, end: number): void;
  /** A field block nobody wants. It must be decoded all the same (RFC 9113 §4.3), and forgotten. */
  onDiscardedHeaders(bytes: Buffer, start: number, end: number): void;
  /** Data of a stream, never empty. To be given back with `Http2Session.consumed` when it has gone on its way. */
  onStreamData(slot: number, bytes: Buffer, start: number, end: number): void;
  /** The peer has sent all of its message. */
  onStreamEnd(slot: number): void;
  /** The peer gave the stream up. `errorCode` REFUSED_STREAM: it did nothing with it. `onStreamClosed` follows. */
  onStreamReset(slot: number, errorCode: number): void;
  /** The stream has been reset because the peer broke a rule (an `Http2Fault`). `onStreamClosed` follows. */
  onStreamFault(slot: number, fault: number): void;
  /**
   * The last word about a stream, whoever ended it and how; the slot is free already. Once for each stream, but not for those
   * that are left when the connection ends.
   */
  onStreamClosed(slot: number): void;
  /** A stream that was refused bytes by `sendable` may send some now. */
  onStreamWritable(slot: number): void;
  /** `peerSettings` may have changed; their acknowledgement is in `output`. */
  onPeerSettings(): void;
  /** The peer goes by our settings from here on. */
  onSettingsAcknowledged(): void;
  /** The answer to `Http2Session.ping`. */
  onPingAck(high: number, low: number): void;
  /** The peer takes no streams above `lastStreamId`; ours above are told to `onStreamReset` as refused. */
  onGoaway(lastStreamId: number, errorCode: number): void;
  /** The connection is over: send `output`, which ends in GOAWAY, and close. Nothing is told after this. */
  onConnectionFault(fault: number): void;
}
