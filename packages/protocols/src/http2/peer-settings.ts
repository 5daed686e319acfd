// What the other side has announced in SETTINGS (RFC 9113 §6.5.2, RFC 8441 §3), checked value by value. The initial window is
// only noted here: it moves the windows of streams, once for each frame, however often the frame names it.

import {
  FRAME_BYTES_INITIAL,
  FRAME_BYTES_LARGEST,
  Http2Setting,
  INT31_MAX,
  WINDOW_BYTES_INITIAL,
} from './frame-type.ts';
import { Http2Fault } from './http2-fault.ts';

const UINT32_MAX = 2 ** 32 - 1;

export class PeerSettings {
  /** Bytes of our encoder's dynamic table; it may use less. */
  headerTableBytes = 4096;
  /**
   * The smallest of these values since our encoder was told the last time: it has to say that one first (RFC 7541 §4.2). Whoever
   * tells it sets this to `headerTableBytes`.
   */
  headerTableBytesLowest = 4096;
  /** Streams we may have open; unlimited until told. */
  concurrentStreamsMax = UINT32_MAX;
  initialWindowBytes = WINDOW_BYTES_INITIAL;
  /** Largest payload of a frame we may send. */
  frameBytesMax = FRAME_BYTES_INITIAL;
  /** Advice about the size of a head, uncompressed. */
  headerListBytesMax = UINT32_MAX;
  /** CONNECT with `:protocol` may be used. */
  extendedConnect = false;

  private readonly fromServer: boolean;

  /** `fromServer`: the peer is the server, so that it must not allow pushes. */
  constructor(fromServer: boolean) {
    this.fromServer = fromServer;
  }

  /** Takes one setting; returns 0 or the fault that ends the connection. Unknown ones are ignored. */
  apply(id: number, value: number): number {
    switch (id) {
      case Http2Setting.HEADER_TABLE_SIZE:
        this.headerTableBytes = value;
        this.headerTableBytesLowest = Math.min(this.headerTableBytesLowest, value);
        return 0;
      case Http2Setting.ENABLE_PUSH:
        return value > (this.fromServer ? 0 : 1) ? Http2Fault.BAD_SETTING : 0;
      case Http2Setting.MAX_CONCURRENT_STREAMS:
        this.concurrentStreamsMax = value;
        return 0;
      case Http2Setting.INITIAL_WINDOW_SIZE:
        if (value > INT31_MAX) return Http2Fault.BAD_INITIAL_WINDOW;
        this.initialWindowBytes = value;
        return 0;
      case Http2Setting.MAX_FRAME_SIZE:
        if (value < FRAME_BYTES_INITIAL || value > FRAME_BYTES_LARGEST) return Http2Fault.BAD_SETTING;
        this.frameBytesMax = value;
        return 0;
      case Http2Setting.MAX_HEADER_LIST_SIZE:
        this.headerListBytesMax = value;
        return 0;
      case Http2Setting.ENABLE_CONNECT_PROTOCOL:
        // RFC 8441 §3: once allowed, it stays so.
        if (value > 1 || (value === 0 && this.extendedConnect)) return Http2Fault.BAD_SETTING;
        this.extendedConnect = value === 1;
        return 0;
      default:
        return 0;
    }
  }
}
