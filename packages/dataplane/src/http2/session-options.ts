// What a session with clients of an entry point announces and bears, from the entry point's configuration. Made once for each.

import {
  DEFAULT_SESSION_OPTIONS,
  type FieldLimits,
  FRAME_BYTES_INITIAL,
  type HeadLimits,
  type Http2SessionOptions,
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

export function clientSessionOptions({ headBytesMax, fieldsMax }: HeadLimits): ClientSessionOptions {
  const { frames } = DEFAULT_SESSION_OPTIONS;
  const listMaxBytes = headBytesMax + LIST_OVERHEAD_BYTES;
  // A block that is larger ends the connection; what is too large only by a little is answered.
  const fieldBlockBytesMax = Math.max(frames.fieldBlockBytesMax, 2 * listMaxBytes);
  const continuationsMax = Math.max(frames.continuationsMax, Math.ceil(fieldBlockBytesMax / FRAME_BYTES_INITIAL));
  return {
    session: {
      ...DEFAULT_SESSION_OPTIONS,
      headerListBytesMax: listMaxBytes,
      extendedConnect: true,
      frames: { ...frames, fieldBlockBytesMax, continuationsMax },
    },
    fields: { listMaxBytes, fieldsMax: fieldsMax + PSEUDO_FIELDS },
    encoderTableBytes: 4096,
  };
}
