// The nine bytes in front of every frame (RFC 9113 §4.1), and what they alone show to be wrong: the stream they name and
// the length, by type. Reused for every frame; allocates nothing.

import { FrameFlag, FrameType } from './frame-type.ts';
import { Http2Fault } from './http2-fault.ts';
import { readUint31 } from './wire-words.ts';

export const PRIORITY_BYTES = 5;
export const SETTING_BYTES = 6;
export const GOAWAY_BYTES_MIN = 8;

export class FrameHead {
  /** Bytes of payload. */
  length = 0;
  /** A `FrameType`, or a number that nobody here knows. */
  type = 0;
  flags = 0;
  streamId = 0;

  read(bytes: Uint8Array, at: number): void {
    this.length = (bytes[at] << 16) | (bytes[at + 1] << 8) | bytes[at + 2];
    this.type = bytes[at + 3];
    this.flags = bytes[at + 4];
    this.streamId = readUint31(bytes, at + 5);
  }

  get isPadded(): boolean {
    return (this.flags & FrameFlag.PADDED) !== 0;
  }

  /** Of DATA and HEADERS. */
  get endsStream(): boolean {
    return (this.flags & FrameFlag.END_STREAM) !== 0;
  }

  /** Of HEADERS and CONTINUATION. */
  get endsHeaders(): boolean {
    return (this.flags & FrameFlag.END_HEADERS) !== 0;
  }

  /** Of SETTINGS and PING. */
  get isAck(): boolean {
    return (this.flags & FrameFlag.ACK) !== 0;
  }

  /** Bytes in front of the field block fragment of HEADERS. */
  get fieldPrefixBytes(): number {
    return (this.isPadded ? 1 : 0) + ((this.flags & FrameFlag.PRIORITY) !== 0 ? PRIORITY_BYTES : 0);
  }

  /** 0, or the fault that ends the connection. The length of PRIORITY is an error of the stream, and not looked at here. */
  fault(settingsMax: number): number {
    const { length, streamId } = this;
    switch (this.type) {
      case FrameType.DATA:
        if (streamId === 0) return Http2Fault.STREAM_ID_ZERO;
        return this.isPadded && length === 0 ? Http2Fault.BAD_FRAME_LENGTH : 0;
      case FrameType.HEADERS:
        if (streamId === 0) return Http2Fault.STREAM_ID_ZERO;
        return length < this.fieldPrefixBytes ? Http2Fault.BAD_FRAME_LENGTH : 0;
      case FrameType.PRIORITY:
        return streamId === 0 ? Http2Fault.STREAM_ID_ZERO : 0;
      case FrameType.RST_STREAM:
        if (streamId === 0) return Http2Fault.STREAM_ID_ZERO;
        return length !== 4 ? Http2Fault.BAD_FRAME_LENGTH : 0;
      case FrameType.SETTINGS:
        if (streamId !== 0) return Http2Fault.STREAM_ID_NOT_ZERO;
        if (this.isAck ? length !== 0 : length % SETTING_BYTES !== 0) return Http2Fault.BAD_FRAME_LENGTH;
        return length > settingsMax * SETTING_BYTES ? Http2Fault.TOO_MANY_SETTINGS : 0;
      case FrameType.PUSH_PROMISE:
        // §8.4: a client cannot push, and we tell servers that they may not (§6.5.2).
        return Http2Fault.PUSH_PROMISE;
      case FrameType.PING:
        if (streamId !== 0) return Http2Fault.STREAM_ID_NOT_ZERO;
        return length !== 8 ? Http2Fault.BAD_FRAME_LENGTH : 0;
      case FrameType.GOAWAY:
        if (streamId !== 0) return Http2Fault.STREAM_ID_NOT_ZERO;
        return length < GOAWAY_BYTES_MIN ? Http2Fault.BAD_FRAME_LENGTH : 0;
      case FrameType.WINDOW_UPDATE:
        return length !== 4 ? Http2Fault.BAD_FRAME_LENGTH : 0;
      default:
        return 0;
    }
  }
}
