// What a session with clients of an entry point announces and bears, from the entry point's configuration. Made once for each.

import type { EntryPointHttp2 } from '@sluice/config';
import {
  DEFAULT_SESSION_OPTIONS,
  type FieldLimits,
  FRAME_BYTES_INITIAL,
  type HeadLimits,
  type Http2SessionOptions,
  TABLE_DEFAULT_BYTES,
  TABLE_MAX_BYTES,
} from '@sluice/protocols';

/** What a list counts beside names and values, 32 bytes for each field (RFC 9113 §6.5.2), for ten of them: as the reference has it. */
const LIST_OVERHEAD_BYTES = 10 * 32;
/** Pseudo-header fields that a request may have. */
const PSEUDO_FIELDS = 5;

export interface ClientSessionOptions {
  readonly session: Http2SessionOptions;
  readonly fields: FieldLimits;
  readonly encoderTableBytes: number;
}

export function clientSessionOptions(
  { headBytesMax, fieldsMax }: HeadLimits,
  http2: EntryPointHttp2,
): ClientSessionOptions {
  const { frames, abuse, concurrentStreamsMax } = DEFAULT_SESSION_OPTIONS;
  const { stallTime, streamWindowBytes, connectionWindowBytes, continuationsMax, settingsMax, ...bounds } =
    http2.limits;
  const listMaxBytes = headBytesMax + LIST_OVERHEAD_BYTES;
  // A block that is larger ends the connection; what is too large only by a little is answered.
  const fieldBlockBytesMax = Math.max(frames.fieldBlockBytesMax, 2 * listMaxBytes);
  const framesOfBlock = Math.ceil(fieldBlockBytesMax / FRAME_BYTES_INITIAL);
  return {
    session: {
      ...DEFAULT_SESSION_OPTIONS,
      concurrentStreamsMax: http2.maxConcurrentStreams || concurrentStreamsMax,
      headerTableBytes: tableBytes(http2.maxDecoderHeaderTableSize),
      streamWindowBytes,
      connectionWindowBytes,
      headerListBytesMax: listMaxBytes,
      extendedConnect: true,
      frames: {
        ...frames,
        fieldBlockBytesMax,
        continuationsMax: Math.max(continuationsMax, framesOfBlock),
        settingsMax,
      },
      abuse: { ...abuse, ...bounds, stallMs: stallTime },
    },
    fields: { listMaxBytes, fieldsMax: fieldsMax + PSEUDO_FIELDS },
    encoderTableBytes: tableBytes(http2.maxEncoderHeaderTableSize),
  };
}

function tableBytes(configured: number): number {
  return Math.min(configured || TABLE_DEFAULT_BYTES, TABLE_MAX_BYTES);
}
