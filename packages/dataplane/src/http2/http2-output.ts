// What one HTTP/2 connection sends: control frames of its session first, then field blocks and data, by reference where they lie in
// the transport's memory. Says when the connection has so much to send that its streams should keep theirs. For both roles; knows
// no message. Allocates per connection.

import { INDEX_MASK } from '@sluice/native';
import {
  FRAME_HEAD_BYTES,
  fieldBlockFramesBytes,
  HpackEncoder,
  type Http2Session,
  writeDataHead,
  writeFieldBlock,
} from '@sluice/protocols';
import type { StreamConnection } from '../worker/stream-connection.ts';

/** The transport's count of queued bytes is asked for anew after so many. */
const FLUSH_BYTES = 128 * 1024;

export class Http2Output {
  readonly encoder = new HpackEncoder();
  private readonly connection: StreamConnection;
  private readonly session: Http2Session;
  private blockOffset = 0;
  /** Upper bound of what is not in the transport's count of queued bytes yet. */
  private unflushedBytes = 0;

  constructor(connection: StreamConnection, session: Http2Session) {
    this.connection = connection;
    this.session = session;
  }

  /** Frames that the session wants sent; to be called whenever it may have made some. */
  sendControl(): void {
    const { output } = this.session;
    if (output.length === 0) return;
    if (this.connection.id !== 0) {
      const { transport } = this.connection.context;
      const offset = transport.reserve(output.length);
      output.bytes.copy(transport.memory, offset, 0, output.length);
      this.send(offset, output.length);
    }
    output.clear();
  }

  /** The peer's settings may have changed. */
  takePeerSettings(): void {
    const { peerSettings } = this.session;
    this.encoder.setPeerTableLimit(peerSettings.headerTableBytesLowest);
    this.encoder.setPeerTableLimit(peerSettings.headerTableBytes);
    peerSettings.headerTableBytesLowest = peerSettings.headerTableBytes;
  }

  /** So much waits to be sent that streams keep their data; the connection's `onDrained` follows. */
  get isCongested(): boolean {
    const { id, context } = this.connection;
    if (this.unflushedBytes > FLUSH_BYTES) {
      context.transport.flush();
      this.unflushedBytes = 0;
    }
    return context.transport.queuedBytes[id & INDEX_MASK] > context.buffered.queueHighBytes;
  }

  /** Anything waits to be sent, with all that can go sent before. Costs a flush. */
  get hasBacklog(): boolean {
    const { id, context } = this.connection;
    context.transport.flush();
    this.unflushedBytes = 0;
    return context.transport.queuedBytes[id & INDEX_MASK] > 0;
  }

  /**
   * Begins a field block of at most so many bytes: whoever gets the encoder writes the fields, then calls `sendBlock`. One that is not
   * sent is forgotten by the next. @throws RangeError when the arena is smaller.
   */
  beginBlock(bytesMax: number): HpackEncoder {
    this.sendControl();
    const { transport } = this.connection.context;
    this.blockOffset = transport.reserve(fieldBlockFramesBytes(bytesMax, this.session.peerSettings.frameBytesMax));
    const start = this.blockOffset + FRAME_HEAD_BYTES;
    this.encoder.begin(transport.memory, start, start + bytesMax);
    return this.encoder;
  }

  /** @throws RangeError for a block that is larger than was said. */
  sendBlock(slot: number, endStream: boolean): void {
    const length = this.encoder.finish();
    if (length === -1) throw new RangeError('a field block is larger than expected');
    const { memory } = this.connection.context.transport;
    const { blockOffset, session } = this;
    const { frameBytesMax } = session.peerSettings;
    const start = blockOffset + FRAME_HEAD_BYTES;
    const id = session.streamId(slot);
    const end = writeFieldBlock(memory, blockOffset, id, memory, start, start + length, endStream, frameBytesMax);
    this.send(blockOffset, end - blockOffset);
    session.sentHeaders(slot, endStream);
  }

  /** Sends as much as windows and congestion allow. @returns the position behind it. */
  sendData(slot: number, bytes: Uint8Array, start: number, end: number): number {
    const { session } = this;
    const { transport } = this.connection.context;
    this.sendControl();
    let at = start;
    while (at < end && !this.isCongested) {
      const length = session.sendable(slot, end - at, transport.now);
      if (length === 0) break;
      this.sendFrame(session.streamId(slot), bytes, at, length);
      session.sentData(slot, length, false, transport.now);
      at += length;
    }
    return at;
  }

  /** An empty frame that ends our side of the stream. */
  sendEnd(slot: number): void {
    const { transport } = this.connection.context;
    this.sendControl();
    const offset = transport.reserve(FRAME_HEAD_BYTES);
    writeDataHead(transport.memory, offset, this.session.streamId(slot), 0, true);
    this.send(offset, FRAME_HEAD_BYTES);
    this.session.sentData(slot, 0, true, transport.now);
  }

  private sendFrame(streamId: number, bytes: Uint8Array, at: number, length: number): void {
    const { transport } = this.connection.context;
    const isThere = bytes === transport.memory;
    const offset = transport.reserve(FRAME_HEAD_BYTES + (isThere ? 0 : length));
    const payload = writeDataHead(transport.memory, offset, streamId, length, false);
    if (isThere) {
      this.send(offset, FRAME_HEAD_BYTES);
      this.send(at, length);
    } else {
      transport.memory.set(bytes.subarray(at, at + length), payload);
      this.send(offset, FRAME_HEAD_BYTES + length);
    }
  }

  private send(offset: number, length: number): void {
    this.connection.context.transport.send(this.connection.id, offset, length);
    this.unflushedBytes += length;
  }
}
