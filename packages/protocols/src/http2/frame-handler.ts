// What a FrameReader tells: one call for every frame that is well formed by itself. Byte ranges are valid during the call
// only. A handler may stop the reader in any call.

export interface FrameHandler {
  /** A DATA frame begins. `payloadBytes` counts for flow control: it includes padding (RFC 9113 §6.1). */
  onDataBegin(streamId: number, payloadBytes: number): void;
  /** Data of the frame begun last, as it comes; never empty. */
  onDataBytes(streamId: number, bytes: Buffer, start: number, end: number): void;
  /** All data of the frame has been told. `paddingBytes` includes the byte that holds the length of the padding. */
  onDataEnd(streamId: number, paddingBytes: number, endStream: boolean): void;
  /**
   * A whole field block in one piece: HEADERS with all its CONTINUATIONs. `fault` is 0, or the reason why the stream must be
   * reset; the block changes the state of the decoder even so.
   */
  onHeaders(streamId: number, endStream: boolean, fault: number, bytes: Buffer, start: number, end: number): void;
  /** `weight` is 1 to 256. */
  onPriority(streamId: number, dependency: number, weight: number, exclusive: boolean): void;
  onReset(streamId: number, errorCode: number): void;
  /** One setting of a SETTINGS frame, in order; known or not. */
  onSetting(id: number, value: number): void;
  /** A SETTINGS frame is complete. */
  onSettingsEnd(): void;
  onSettingsAck(): void;
  /** The eight opaque bytes as two signed words. */
  onPing(high: number, low: number): void;
  onPingAck(high: number, low: number): void;
  /** `debugBytes` is the number of bytes of debug data; the data itself is skipped. */
  onGoaway(lastStreamId: number, errorCode: number, debugBytes: number): void;
  /** `streamId` 0: the connection. `increment` is 1 to 2^31 - 1. */
  onWindowUpdate(streamId: number, increment: number): void;
  /** A frame of a type that nobody here knows (RFC 9113 §5.5): its payload is skipped. */
  onUnknownFrame(type: number, payloadBytes: number): void;
  /** A frame broke a rule. With `streamId` 0 the connection is of no more use, and the reader has stopped. */
  onFrameFault(fault: number, streamId: number): void;
}
