// What goes out on one connection of HTTP/2: control frames of the session before anything else, heads through HPACK, DATA with its
// payload by reference. Everything is composed in the transport's arena. Knows how much the client has not taken yet; keeps nothing.

import { INDEX_MASK } from '@sluice/native';
import {
  encodeFields,
  FIELD_WORDS,
  FRAME_HEAD_BYTES,
  fieldBlockFramesBytes,
  type HeaderTable,
  HpackEncoder,
  type Http2Session,
  writeDataHead,
  writeFieldBlock,
} from '@sluice/protocols';
import { sendBytes } from '../http/send-bytes.ts';
import type { StreamConnection } from '../worker/stream-connection.ts';

/** Of one field in a block, beside its name and value. */
const FIELD_OVERHEAD_BYTES = 12;
/** Status, length, date, and what the encoder says about its table. */
const OWN_FIELDS_BYTES = 192;

export class FrameOutput {
  readonly encoder: HpackEncoder;
  private readonly connection: StreamConnection;
  private readonly session: Http2Session;
  /** Sent since the transport's count of queued bytes was looked at. */
  private unflushedBytes = 0;

  constructor(connection: StreamConnection, session: Http2Session, encoderTableBytes: number) {
    this.connection = connection;
    this.session = session;
    this.encoder = new HpackEncoder(encoderTableBytes);
  }

  /** Acknowledgements and windows keep their place before frames of our own; once more when nothing else is sent. */
  flushControl(): void {
    const { output } = this.session;
    const { length } = output;
    if (length === 0) return;
    if (this.connection.id !== 0) this.sendCopy(output.bytes, length);
    output.clear();
  }

  /** The client keeps up with what was sent: more may follow. Costs a flush now and then. */
  get takesMore(): boolean {
    const { connection } = this;
    const { transport, buffered } = connection.context;
    const { queueHighBytes } = buffered;
    if (this.unflushedBytes > queueHighBytes) {
      transport.flush();
      this.unflushedBytes = 0;
    }
    return transport.queuedBytes[connection.id & INDEX_MASK] <= queueHighBytes;
  }

  /** Nothing of what was sent waits any more. Costs a flush. */
  get isTaken(): boolean {
    const { connection } = this;
    const { transport } = connection.context;
    transport.flush();
    this.unflushedBytes = 0;
    return transport.queuedBytes[connection.id & INDEX_MASK] === 0;
  }

  /** Begins a block that has room for the fields of the table and a few of our own: write them into `encoder`, then `endHead`. */
  beginHead(table: HeaderTable, ownBytes: number = OWN_FIELDS_BYTES): void {
    this.flushControl();
    const { transport } = this.connection.context;
    this.blockMaxBytes = ownBytes + fieldsBytesMax(table);
    const { frameBytesMax } = this.session.peerSettings;
    this.headOffset = transport.reserve(fieldBlockFramesBytes(this.blockMaxBytes, frameBytesMax));
    const start = this.headOffset + FRAME_HEAD_BYTES;
    this.encoder.begin(transport.memory, start, start + this.blockMaxBytes);
  }

  /** @throws RangeError when the block turned out larger than its room: a bug. */
  endHead(slot: number, endStream: boolean): void {
    const { connection, session } = this;
    const { transport } = connection.context;
    const length = this.encoder.finish();
    if (length < 0) throw new RangeError('a head is larger than it can be');
    const { headOffset: offset } = this;
    const start = offset + FRAME_HEAD_BYTES;
    const { memory } = transport;
    const { frameBytesMax } = session.peerSettings;
    const streamId = session.streamId(slot);
    const end = writeFieldBlock(memory, offset, streamId, memory, start, start + length, endStream, frameBytesMax);
    transport.send(connection.id, offset, end - offset);
    this.unflushedBytes += end - offset;
    session.sentHeaders(slot, endStream);
  }

  /** A field section of nothing but these fields, which ends its stream. */
  trailers(slot: number, table: HeaderTable): void {
    this.beginHead(table);
    encodeFields(this.encoder, table);
    this.endHead(slot, true);
  }

  /** No more bytes than `session.sendable` has just allowed. */
  data(slot: number, bytes: Uint8Array, start: number, end: number, endStream: boolean): void {
    this.flushControl();
    const { connection, session } = this;
    const { transport } = connection.context;
    const offset = transport.reserve(FRAME_HEAD_BYTES);
    writeDataHead(transport.memory, offset, session.streamId(slot), end - start, endStream);
    transport.send(connection.id, offset, FRAME_HEAD_BYTES);
    sendBytes(transport, connection.id, bytes, start, end);
    this.unflushedBytes += FRAME_HEAD_BYTES + end - start;
    session.sentData(slot, end - start, endStream, transport.now);
  }

  private headOffset = 0;
  private blockMaxBytes = 0;

  private sendCopy(bytes: Buffer, length: number): void {
    const { connection } = this;
    const { transport } = connection.context;
    const offset = transport.reserve(length);
    bytes.copy(transport.memory, offset, 0, length);
    transport.send(connection.id, offset, length);
    this.unflushedBytes += length;
  }
}

/** Strings never grow in a block: Huffman coding is used where it is shorter. */
function fieldsBytesMax(table: HeaderTable): number {
  const { fields, count, addedNames, addedValues } = table;
  let bytes = (count + addedNames.length) * FIELD_OVERHEAD_BYTES;
  for (let index = 0; index < count; index++) {
    if (table.isRemoved(index)) continue;
    bytes += fields[index * FIELD_WORDS + 1] + fields[index * FIELD_WORDS + 3];
  }
  for (let i = 0; i < addedNames.length; i++) bytes += addedNames[i].length + addedValues[i].length;
  return bytes;
}
