// Every way a head or a chunked body can be wrong: a negative code, the status it deserves and a sentence for the log.
// No parsing here. Codes are small negative integers because parsers return them in place of a length.

export const HeadError = {
  BARE_CR: -1,
  BARE_LF: -2,
  CONTROL_BYTE: -3,
  OBS_FOLD: -4,
  SPACE_BEFORE_COLON: -5,
  EMPTY_NAME: -6,
  BAD_NAME: -7,
  LEADING_WHITESPACE: -8,
  MISSING_COLON: -9,
  BAD_REQUEST_LINE: -10,
  BAD_METHOD: -11,
  BAD_TARGET: -12,
  FRAGMENT: -13,
  TARGET_TOO_LONG: -14,
  BAD_VERSION: -15,
  UNSUPPORTED_VERSION: -16,
  HEAD_TOO_LARGE: -17,
  TOO_MANY_FIELDS: -18,
  MISSING_HOST: -19,
  DUPLICATE_HOST: -20,
  BAD_HOST: -21,
  BAD_CONTENT_LENGTH: -22,
  DUPLICATE_CONTENT_LENGTH: -23,
  CONTENT_LENGTH_OVERFLOW: -24,
  LENGTH_AND_CODING: -25,
  BAD_TRANSFER_ENCODING: -26,
  UNKNOWN_TRANSFER_CODING: -27,
  DUPLICATE_TRANSFER_ENCODING: -28,
  TRANSFER_ENCODING_IN_HTTP_10: -29,
  UNKNOWN_EXPECT: -30,
  BAD_STATUS_LINE: -31,
  BAD_CHUNK_SIZE: -32,
  CHUNK_SIZE_OVERFLOW: -33,
  BAD_CHUNK_EXTENSION: -34,
  CHUNK_EXTENSIONS_TOO_LARGE: -35,
  BAD_CHUNK_END: -36,
  TRAILERS_TOO_LARGE: -37,
} as const;

const MESSAGES: Readonly<Record<keyof typeof HeadError, string>> = {
  BARE_CR: 'a carriage return is not followed by a line feed',
  BARE_LF: 'a line ends with a line feed alone; lines end with CR LF',
  CONTROL_BYTE: 'a control byte stands in the head',
  OBS_FOLD: 'a field value is folded over several lines',
  SPACE_BEFORE_COLON: 'white space stands between a field name and its colon',
  EMPTY_NAME: 'a field line has an empty name',
  BAD_NAME: 'a field name holds a character that is not allowed in a token',
  LEADING_WHITESPACE: 'white space stands before the first field',
  MISSING_COLON: 'a field line has no colon',
  BAD_REQUEST_LINE: 'the request line is not method, target and version separated by one space each',
  BAD_METHOD: 'the method is not a token',
  BAD_TARGET: 'the request target has no form that is allowed for this method',
  FRAGMENT: 'the request target holds a raw #',
  TARGET_TOO_LONG: 'the request target is longer than the limit',
  BAD_VERSION: 'the HTTP version is malformed',
  UNSUPPORTED_VERSION: 'the HTTP version is neither 1.0 nor 1.1',
  HEAD_TOO_LARGE: 'the head has more bytes than the limit',
  TOO_MANY_FIELDS: 'the head has more fields than the limit',
  MISSING_HOST: 'an HTTP/1.1 request has no Host field',
  DUPLICATE_HOST: 'the request has more than one Host field',
  BAD_HOST: 'the host is not a valid name or address with an optional port',
  BAD_CONTENT_LENGTH: 'Content-Length is not one decimal number',
  DUPLICATE_CONTENT_LENGTH: 'the message has more than one Content-Length field',
  CONTENT_LENGTH_OVERFLOW: 'Content-Length is larger than 2^53-1',
  LENGTH_AND_CODING: 'the message has both Content-Length and Transfer-Encoding',
  BAD_TRANSFER_ENCODING: 'Transfer-Encoding is malformed or chunked is not its only and final coding',
  UNKNOWN_TRANSFER_CODING: 'Transfer-Encoding names a coding other than chunked',
  DUPLICATE_TRANSFER_ENCODING: 'the message has more than one Transfer-Encoding field',
  TRANSFER_ENCODING_IN_HTTP_10: 'an HTTP/1.0 message has Transfer-Encoding',
  UNKNOWN_EXPECT: 'Expect holds something other than 100-continue',
  BAD_STATUS_LINE: 'the status line is not version, three digits and reason',
  BAD_CHUNK_SIZE: 'a chunk size is not 1 to 16 hexadecimal digits',
  CHUNK_SIZE_OVERFLOW: 'a chunk size is larger than 2^53-1',
  BAD_CHUNK_EXTENSION: 'a chunk extension holds a control byte',
  CHUNK_EXTENSIONS_TOO_LARGE: 'the chunk extensions of one body have more bytes than the limit',
  BAD_CHUNK_END: 'chunk data is not followed by CR LF',
  TRAILERS_TOO_LARGE: 'the trailer section has more bytes than the limit',
};

const MESSAGE_BY_CODE = new Map(
  Object.entries(HeadError).map(([name, code]) => [code as number, MESSAGES[name as keyof typeof HeadError]]),
);

/**
 * Status to answer a request with, before the connection is closed: 400, 414, 417, 431, 501 or 505.
 * A broken response is the upstream's fault; its status is the caller's choice.
 */
export function headErrorStatus(code: number): number {
  switch (code) {
    case HeadError.TARGET_TOO_LONG:
      return 414;
    case HeadError.UNKNOWN_EXPECT:
      return 417;
    case HeadError.HEAD_TOO_LARGE:
    case HeadError.TOO_MANY_FIELDS:
    case HeadError.TRAILERS_TOO_LARGE:
      return 431;
    case HeadError.UNKNOWN_TRANSFER_CODING:
      return 501;
    case HeadError.UNSUPPORTED_VERSION:
      return 505;
    default:
      return 400;
  }
}

/** What is wrong, as a lower-case clause without full stop. Unknown codes get a generic one. */
export function headErrorMessage(code: number): string {
  return MESSAGE_BY_CODE.get(code) ?? 'the message is malformed';
}
