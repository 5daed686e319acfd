// Every way a peer can break the rules of HTTP/2 or wear out our patience: a number for logs and metrics, the error code
// that goes to the peer (RFC 9113 §7) and a sentence. No checks here; whether the stream or the connection ends is said
// by who reports the fault.

import { Http2ErrorCode as Code } from './error-code.ts';

/** 0 is none. */
export const Http2Fault = {
  BAD_PREFACE: 1,
  SETTINGS_NOT_FIRST: 2,
  FRAME_TOO_LARGE: 3,
  BAD_FRAME_LENGTH: 4,
  STREAM_ID_ZERO: 5,
  STREAM_ID_NOT_ZERO: 6,
  BAD_PADDING: 7,
  CONTINUATION_EXPECTED: 8,
  CONTINUATION_UNEXPECTED: 9,
  PUSH_PROMISE: 10,
  SELF_DEPENDENCY: 11,
  ZERO_INCREMENT: 12,
  BAD_SETTING: 13,
  BAD_INITIAL_WINDOW: 14,
  UNEXPECTED_SETTINGS_ACK: 15,
  BAD_STREAM_ID: 16,
  IDLE_STREAM: 17,
  STREAM_CLOSED: 18,
  TRAILERS_WITHOUT_END: 19,
  DATA_BEFORE_HEAD: 20,
  STREAM_WINDOW_EXCEEDED: 21,
  CONNECTION_WINDOW_EXCEEDED: 22,
  WINDOW_OVERFLOW: 23,
  GOAWAY_INCREASED: 24,
  TOO_MANY_STREAMS: 25,
  BAD_FIELD_BLOCK: 26,
  MALFORMED_MESSAGE: 27,
  SETTINGS_TIMEOUT: 28,
  INTERNAL: 29,
  FIELD_BLOCK_TOO_LARGE: 30,
  TOO_MANY_CONTINUATIONS: 31,
  TOO_MANY_SETTINGS: 32,
  RESET_FLOOD: 33,
  REFUSED_STREAM_FLOOD: 34,
  SETTINGS_FLOOD: 35,
  PING_FLOOD: 36,
  EMPTY_DATA_FLOOD: 37,
  EMPTY_HEADERS_FLOOD: 38,
  PRIORITY_FLOOD: 39,
  WINDOW_UPDATE_FLOOD: 40,
  TINY_WINDOW_UPDATES: 41,
  IGNORED_FRAME_FLOOD: 42,
  ANSWERS_NOT_READ: 43,
  STALLED: 44,
} as const;

type FaultName = keyof typeof Http2Fault;

const RULES: Readonly<Record<FaultName, readonly [code: number, message: string]>> = {
  BAD_PREFACE: [Code.PROTOCOL_ERROR, 'the connection does not begin with the client preface'],
  SETTINGS_NOT_FIRST: [Code.PROTOCOL_ERROR, 'the first frame is not SETTINGS'],
  FRAME_TOO_LARGE: [Code.FRAME_SIZE_ERROR, 'a frame is larger than we allow'],
  BAD_FRAME_LENGTH: [Code.FRAME_SIZE_ERROR, 'a frame has a length that its type does not allow'],
  STREAM_ID_ZERO: [Code.PROTOCOL_ERROR, 'a frame of a stream names no stream'],
  STREAM_ID_NOT_ZERO: [Code.PROTOCOL_ERROR, 'a frame of the connection names a stream'],
  BAD_PADDING: [Code.PROTOCOL_ERROR, 'the padding is longer than its frame'],
  CONTINUATION_EXPECTED: [Code.PROTOCOL_ERROR, 'a field block is interrupted by another frame'],
  CONTINUATION_UNEXPECTED: [Code.PROTOCOL_ERROR, 'a CONTINUATION frame continues no field block'],
  PUSH_PROMISE: [Code.PROTOCOL_ERROR, 'a PUSH_PROMISE frame came although nobody may push'],
  SELF_DEPENDENCY: [Code.PROTOCOL_ERROR, 'a stream depends on itself'],
  ZERO_INCREMENT: [Code.PROTOCOL_ERROR, 'a WINDOW_UPDATE frame adds nothing'],
  BAD_SETTING: [Code.PROTOCOL_ERROR, 'a setting has a value that is not allowed'],
  BAD_INITIAL_WINDOW: [Code.FLOW_CONTROL_ERROR, 'the initial window is larger than 2^31-1'],
  UNEXPECTED_SETTINGS_ACK: [Code.PROTOCOL_ERROR, 'settings are acknowledged that were not sent'],
  BAD_STREAM_ID: [Code.PROTOCOL_ERROR, 'a stream is opened with an identifier that is not the next of its side'],
  IDLE_STREAM: [Code.PROTOCOL_ERROR, 'a frame belongs to a stream that was never opened'],
  STREAM_CLOSED: [Code.STREAM_CLOSED, 'a frame came for a stream after its end'],
  TRAILERS_WITHOUT_END: [Code.PROTOCOL_ERROR, 'trailers do not end their stream'],
  DATA_BEFORE_HEAD: [Code.PROTOCOL_ERROR, 'data came before the head of its response'],
  STREAM_WINDOW_EXCEEDED: [Code.FLOW_CONTROL_ERROR, 'more data came than the window of its stream allows'],
  CONNECTION_WINDOW_EXCEEDED: [Code.FLOW_CONTROL_ERROR, 'more data came than the window of the connection allows'],
  WINDOW_OVERFLOW: [Code.FLOW_CONTROL_ERROR, 'a window grew beyond 2^31-1'],
  GOAWAY_INCREASED: [Code.PROTOCOL_ERROR, 'a GOAWAY frame names a later stream than the one before'],
  TOO_MANY_STREAMS: [Code.REFUSED_STREAM, 'more streams are open than we allow'],
  BAD_FIELD_BLOCK: [Code.COMPRESSION_ERROR, 'a field block cannot be decoded'],
  MALFORMED_MESSAGE: [Code.PROTOCOL_ERROR, 'a request or response is malformed'],
  SETTINGS_TIMEOUT: [Code.SETTINGS_TIMEOUT, 'our settings were not acknowledged in time'],
  INTERNAL: [Code.INTERNAL_ERROR, 'we failed'],
  FIELD_BLOCK_TOO_LARGE: [Code.ENHANCE_YOUR_CALM, 'a field block has more bytes than the limit'],
  TOO_MANY_CONTINUATIONS: [Code.ENHANCE_YOUR_CALM, 'a field block has more CONTINUATION frames than the limit'],
  TOO_MANY_SETTINGS: [Code.ENHANCE_YOUR_CALM, 'a SETTINGS frame has more settings than the limit'],
  RESET_FLOOD: [Code.ENHANCE_YOUR_CALM, 'streams are reset faster than the limit'],
  REFUSED_STREAM_FLOOD: [Code.ENHANCE_YOUR_CALM, 'streams beyond the allowed number come faster than the limit'],
  SETTINGS_FLOOD: [Code.ENHANCE_YOUR_CALM, 'SETTINGS frames come faster than the limit'],
  PING_FLOOD: [Code.ENHANCE_YOUR_CALM, 'PING frames come faster than the limit'],
  EMPTY_DATA_FLOOD: [Code.ENHANCE_YOUR_CALM, 'DATA frames without data come faster than the limit'],
  EMPTY_HEADERS_FLOOD: [Code.ENHANCE_YOUR_CALM, 'HEADERS frames without fields come faster than the limit'],
  PRIORITY_FLOOD: [Code.ENHANCE_YOUR_CALM, 'PRIORITY frames come faster than the limit'],
  WINDOW_UPDATE_FLOOD: [Code.ENHANCE_YOUR_CALM, 'WINDOW_UPDATE frames come faster than the limit'],
  TINY_WINDOW_UPDATES: [Code.ENHANCE_YOUR_CALM, 'windows are opened by a few bytes at a time, faster than the limit'],
  IGNORED_FRAME_FLOOD: [Code.ENHANCE_YOUR_CALM, 'frames without any effect come faster than the limit'],
  ANSWERS_NOT_READ: [Code.ENHANCE_YOUR_CALM, 'frames ask for answers while earlier ones are not read'],
  STALLED: [Code.ENHANCE_YOUR_CALM, 'the peer takes none of what it asked for'],
};

const NAMES: string[] = [];
const CODES: number[] = [];
const MESSAGES: string[] = [];
for (const [name, fault] of Object.entries(Http2Fault)) {
  const [code, message] = RULES[name as FaultName];
  NAMES[fault] = name;
  CODES[fault] = code;
  MESSAGES[fault] = message;
}

/** The `Http2ErrorCode` a fault is reported to the peer with. */
export function http2FaultCode(fault: number): number {
  return CODES[fault] ?? Code.INTERNAL_ERROR;
}

/** What is wrong, as a lower-case clause without full stop. */
export function http2FaultMessage(fault: number): string {
  return MESSAGES[fault] ?? 'the connection is broken';
}

/** The key in `Http2Fault`, for logs and as a label of metrics. */
export function http2FaultName(fault: number): string {
  return NAMES[fault] ?? `fault ${fault}`;
}

/** Whether it is a limit of ours rather than a rule of the protocol. */
export function isHttp2Abuse(fault: number): boolean {
  return http2FaultCode(fault) === Code.ENHANCE_YOUR_CALM;
}
