// The constant answer of the upstream server for gRPC, as frames: head, one message, trailers with the status. Encoded once,
// without the dynamic table, so that the same bytes are right for every stream but for its number.

import { HpackEncoder, writeDataHead, writeFieldBlock } from '@sluice/protocols';
import { bodyOf, grpcCall } from '../load/load-request.ts';

/** As long as the question. */
export const GRPC_CALL = grpcCall('/bench.Echo/Say', 32);
export const GRPC_MESSAGE_BYTES = GRPC_CALL.body!.bytes;

const SIZE_MAX = 512;
const FRAME_BYTES_MAX = 16_384;
/** Where the number of a stream is in the head of a frame (RFC 9113 §4.1). */
const STREAM_ID_OFFSET = 5;

export interface FrameTemplate {
  readonly bytes: Buffer;
  /** Where each of its frames has the number of its stream. */
  readonly streamIdOffsets: readonly number[];
}

export const GRPC_ANSWER: FrameTemplate = template();

/** Writes the frames for one stream; returns the offset behind them. */
export function writeAnswer(memory: Buffer, offset: number, streamId: number): number {
  memory.set(GRPC_ANSWER.bytes, offset);
  for (const at of GRPC_ANSWER.streamIdOffsets) memory.writeUInt32BE(streamId, offset + at);
  return offset + GRPC_ANSWER.bytes.length;
}

function template(): FrameTemplate {
  const bytes = Buffer.alloc(SIZE_MAX);
  const encoder = new HpackEncoder(0);
  const block = Buffer.alloc(SIZE_MAX);
  const fields = (at: number, endStream: boolean, write: () => void): number => {
    encoder.begin(block, 0, block.length);
    write();
    return writeFieldBlock(bytes, at, 0, block, 0, encoder.finish(), endStream, FRAME_BYTES_MAX);
  };
  const head = fields(0, false, () => {
    encoder.status(200);
    encoder.stringField('content-type', 'application/grpc');
  });
  const message = writeDataHead(bytes, head, 0, GRPC_MESSAGE_BYTES, false);
  const data = message + bytes.write(bodyOf(GRPC_CALL.body!), message, 'latin1');
  const end = fields(data, true, () => encoder.stringField('grpc-status', '0'));
  const streamIdOffsets = [0, head, data].map((frame) => frame + STREAM_ID_OFFSET);
  return { bytes: bytes.subarray(0, end), streamIdOffsets };
}
