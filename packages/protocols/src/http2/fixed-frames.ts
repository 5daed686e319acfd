// Reads the payloads of fixed size (PRIORITY, RST_STREAM, PING, GOAWAY, WINDOW_UPDATE) and tells a handler. Their lengths
// have been checked with the head. Keeps nothing, allocates nothing.

import type { FrameHandler } from './frame-handler.ts';
import { type FrameHead, GOAWAY_BYTES_MIN } from './frame-head.ts';
import { FrameType } from './frame-type.ts';
import { Http2Fault } from './http2-fault.ts';
import { readUint31, readUint32 } from './wire-words.ts';

/** Tells one frame, or the fault of its stream; returns 0 or the fault that ends the connection, which is not told. */
export function tellFixedFrame(handler: FrameHandler, head: FrameHead, bytes: Uint8Array, at: number): number {
  const { streamId } = head;
  switch (head.type) {
    case FrameType.PRIORITY: {
      const dependency = readUint31(bytes, at);
      // RFC 7540 §5.3.1; RFC 9113 has dropped dependencies without a word about it.
      if (dependency === streamId) handler.onFrameFault(Http2Fault.SELF_DEPENDENCY, streamId);
      else handler.onPriority(streamId, dependency, bytes[at + 4] + 1, bytes[at] >= 0x80);
      return 0;
    }
    case FrameType.RST_STREAM:
      handler.onReset(streamId, readUint32(bytes, at));
      return 0;
    case FrameType.PING: {
      const high = readUint32(bytes, at) | 0;
      const low = readUint32(bytes, at + 4) | 0;
      if (head.isAck) handler.onPingAck(high, low);
      else handler.onPing(high, low);
      return 0;
    }
    case FrameType.GOAWAY:
      handler.onGoaway(readUint31(bytes, at), readUint32(bytes, at + 4), head.length - GOAWAY_BYTES_MIN);
      return 0;
    default: {
      const increment = readUint31(bytes, at);
      // §6.9: an error of the stream, or of the connection when it is that one's window.
      if (increment > 0) handler.onWindowUpdate(streamId, increment);
      else if (streamId > 0) handler.onFrameFault(Http2Fault.ZERO_INCREMENT, streamId);
      else return Http2Fault.ZERO_INCREMENT;
      return 0;
    }
  }
}
