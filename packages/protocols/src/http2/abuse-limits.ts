// How much of what the protocol allows, but nobody needs, one connection may do. Every limit is a token bucket or a size,
// has its own fault, and ends the connection with ENHANCE_YOUR_CALM. RFC 9113 §10.5 asks for such limits and names no numbers.

import { Http2Fault } from './http2-fault.ts';
import type { FrameRate } from './token-buckets.ts';

export interface AbuseLimits {
  /**
   * Streams that the client resets, or makes us reset by breaking rules (rapid reset). Each one that is completed pays for
   * another. Only where we are the server.
   */
  readonly resets: FrameRate;
  /** Streams refused because too many were open. */
  readonly refusedStreams: FrameRate;
  readonly settings: FrameRate;
  /** Each DATA frame with data, and each stream, pays for one PING: peers measure the path while there is traffic. */
  readonly pings: FrameRate;
  /** DATA frames without data that do not end their stream. */
  readonly emptyData: FrameRate;
  /** Field blocks without a byte, but for trailers. */
  readonly emptyHeaders: FrameRate;
  /** Each stream pays for `PRIORITIES_PER_STREAM`. */
  readonly priorities: FrameRate;
  /** Each DATA frame we send, and each stream, pays for `WINDOW_UPDATES_PER_FRAME`. */
  readonly windowUpdates: FrameRate;
  /** WINDOW_UPDATE frames below `tinyIncrementBytes`. A DATA frame that no window has cut short pays for two. */
  readonly tinyWindowUpdates: FrameRate;
  /**
   * Frames without effect: unknown types, frames for streams long closed, GOAWAY, answers to no question. Each stream pays for
   * `IGNORED_FRAMES_PER_STREAM`.
   */
  readonly ignoredFrames: FrameRate;
  readonly tinyIncrementBytes: number;
  /** Bytes that wait to be sent on the connection; a frame that asks for an answer must not come beyond. */
  readonly unsentBytesMax: number;
  /** A stream with data for the peer must be allowed `stallProgressBytes` in each `stallMs`, or it stalls. */
  readonly stallMs: number;
  readonly stallProgressBytes: number;
}

export const PRIORITIES_PER_STREAM = 4;
export const WINDOW_UPDATES_PER_FRAME = 8;
/** A PRIORITY_UPDATE (RFC 9218), which we do not know, and a reset that came too late. */
export const IGNORED_FRAMES_PER_STREAM = 2;

/**
 * Ours. Bursts leave room for what clients do: cancel all of 250 streams at once, open 100 before they have read our settings,
 * acknowledge each DATA frame on two windows. The stall is the default pace of HTTP/1 clients, 240 bytes a second in a minute.
 */
export const DEFAULT_ABUSE_LIMITS: AbuseLimits = {
  resets: { burst: 500, perSecond: 100 },
  refusedStreams: { burst: 500, perSecond: 50 },
  settings: { burst: 100, perSecond: 10 },
  pings: { burst: 200, perSecond: 20 },
  emptyData: { burst: 100, perSecond: 10 },
  emptyHeaders: { burst: 100, perSecond: 10 },
  priorities: { burst: 500, perSecond: 50 },
  windowUpdates: { burst: 1000, perSecond: 200 },
  tinyWindowUpdates: { burst: 100, perSecond: 10 },
  ignoredFrames: { burst: 1000, perSecond: 100 },
  tinyIncrementBytes: 64,
  unsentBytesMax: 524_288,
  stallMs: 60_000,
  stallProgressBytes: 14_400,
};

/** The buckets in the order of `abuseRates`. */
export const Abuse = {
  RESETS: 0,
  REFUSED_STREAMS: 1,
  SETTINGS: 2,
  PINGS: 3,
  EMPTY_DATA: 4,
  EMPTY_HEADERS: 5,
  PRIORITIES: 6,
  WINDOW_UPDATES: 7,
  TINY_WINDOW_UPDATES: 8,
  IGNORED_FRAMES: 9,
} as const;

/** The fault of each `Abuse`. */
export const ABUSE_FAULTS: readonly number[] = [
  Http2Fault.RESET_FLOOD,
  Http2Fault.REFUSED_STREAM_FLOOD,
  Http2Fault.SETTINGS_FLOOD,
  Http2Fault.PING_FLOOD,
  Http2Fault.EMPTY_DATA_FLOOD,
  Http2Fault.EMPTY_HEADERS_FLOOD,
  Http2Fault.PRIORITY_FLOOD,
  Http2Fault.WINDOW_UPDATE_FLOOD,
  Http2Fault.TINY_WINDOW_UPDATES,
  Http2Fault.IGNORED_FRAME_FLOOD,
];

/** The rates of a set of limits, by `Abuse`. */
export function abuseRates(limits: AbuseLimits): readonly FrameRate[] {
  return [
    limits.resets,
    limits.refusedStreams,
    limits.settings,
    limits.pings,
    limits.emptyData,
    limits.emptyHeaders,
    limits.priorities,
    limits.windowUpdates,
    limits.tinyWindowUpdates,
    limits.ignoredFrames,
  ];
}
