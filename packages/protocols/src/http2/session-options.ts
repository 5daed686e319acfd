// What one side of an HTTP/2 connection announces and how much it bears, with defaults. Reads no configuration: whoever makes
// a session translates its own.

import { type AbuseLimits, DEFAULT_ABUSE_LIMITS } from './abuse-limits.ts';
import { DEFAULT_FRAME_LIMITS, type FrameLimits } from './frame-limits.ts';
import {
  FRAME_BYTES_INITIAL,
  FRAME_BYTES_LARGEST,
  Http2Setting,
  INT31_MAX,
  WINDOW_BYTES_INITIAL,
} from './frame-type.ts';

export const Http2Role = {
  /** Towards a client: streams are opened by the peer. */
  SERVER: 0,
  /** Towards a server: streams are opened by us. */
  CLIENT: 1,
} as const;

export interface Http2SessionOptions {
  /** An `Http2Role`. */
  readonly role: number;
  /** Streams open at a time: what we announce as server, and what we keep to as client, if the server allows as many. */
  readonly concurrentStreamsMax: number;
  /** Window of a stream: bytes of one message that may wait here. At most 2^31 - 1. */
  readonly streamWindowBytes: number;
  /** Window of the connection: bytes of all messages that may wait here. At least 65,535 (RFC 9113 §6.9.2). */
  readonly connectionWindowBytes: number;
  /** Dynamic table of our decoder. */
  readonly headerTableBytes: number;
  /** Advice to the peer about the size of a head, uncompressed: 32 bytes are counted for each field (§6.5.2). */
  readonly headerListBytesMax: number;
  /** Server only: announce that CONNECT with `:protocol` is understood (RFC 8441). */
  readonly extendedConnect: boolean;
  readonly frames: FrameLimits;
  readonly abuse: AbuseLimits;
}

/** Streams, table and head as the reference has them; windows are ours: as much as HTTP/1 holds for one direction, four times. */
export const DEFAULT_SESSION_OPTIONS: Http2SessionOptions = {
  role: Http2Role.SERVER,
  concurrentStreamsMax: 250,
  streamWindowBytes: 262_144,
  connectionWindowBytes: 1_048_576,
  headerTableBytes: 4096,
  headerListBytesMax: 1_048_576,
  extendedConnect: false,
  frames: DEFAULT_FRAME_LIMITS,
  abuse: DEFAULT_ABUSE_LIMITS,
};

/** What our first SETTINGS frame says, identifier and value in turns; initial values are left out. */
export function announcedSettings(options: Http2SessionOptions): readonly number[] {
  const settings: number[] = [];
  const server = options.role === Http2Role.SERVER;
  if (options.headerTableBytes !== 4096) settings.push(Http2Setting.HEADER_TABLE_SIZE, options.headerTableBytes);
  if (server) settings.push(Http2Setting.MAX_CONCURRENT_STREAMS, options.concurrentStreamsMax);
  else settings.push(Http2Setting.ENABLE_PUSH, 0);
  const { streamWindowBytes } = options;
  if (streamWindowBytes !== WINDOW_BYTES_INITIAL) settings.push(Http2Setting.INITIAL_WINDOW_SIZE, streamWindowBytes);
  const { frameBytesMax } = options.frames;
  if (frameBytesMax !== FRAME_BYTES_INITIAL) settings.push(Http2Setting.MAX_FRAME_SIZE, frameBytesMax);
  settings.push(Http2Setting.MAX_HEADER_LIST_SIZE, options.headerListBytesMax);
  if (server && options.extendedConnect) settings.push(Http2Setting.ENABLE_CONNECT_PROTOCOL, 1);
  return settings;
}

const UINT32_MAX = 2 ** 32 - 1;

/** @throws RangeError for numbers that have no place on the wire. */
export function checkSessionOptions(options: Http2SessionOptions): void {
  checkRange('concurrentStreamsMax', options.concurrentStreamsMax, 0, INT31_MAX);
  checkRange('streamWindowBytes', options.streamWindowBytes, 1, INT31_MAX);
  checkRange('connectionWindowBytes', options.connectionWindowBytes, WINDOW_BYTES_INITIAL, INT31_MAX);
  checkRange('headerTableBytes', options.headerTableBytes, 0, UINT32_MAX);
  checkRange('headerListBytesMax', options.headerListBytesMax, 0, UINT32_MAX);
  checkRange('frameBytesMax', options.frames.frameBytesMax, FRAME_BYTES_INITIAL, FRAME_BYTES_LARGEST);
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new RangeError(`${name} is ${value}; an integer from ${least} to ${most} is accepted`);
}
