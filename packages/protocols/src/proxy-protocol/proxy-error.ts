// Every way the first bytes of a connection can fail to be a PROXY header: a negative code and a sentence for the log.
// Codes are small negative integers because the parser returns them in place of a length.

export const ProxyError = {
  /** The only one that is no fault: what arrives is something else. */
  NO_HEADER: -1,
  LINE_TOO_LONG: -2,
  BAD_LINE_END: -3,
  BAD_PROTOCOL: -4,
  BAD_ADDRESS: -5,
  BAD_PORT: -6,
  EXCESS_TEXT: -7,
  BAD_VERSION: -8,
  BAD_COMMAND: -9,
  BAD_FAMILY: -10,
  BAD_LENGTH: -11,
  TOO_LARGE: -12,
  BAD_TLV: -13,
  BAD_CHECKSUM: -14,
} as const;

const MESSAGES: Readonly<Record<keyof typeof ProxyError, string>> = {
  NO_HEADER: 'the connection does not begin with a PROXY header',
  LINE_TOO_LONG: 'the PROXY line is longer than 107 bytes',
  BAD_LINE_END: 'the PROXY line does not end with CRLF',
  BAD_PROTOCOL: 'the PROXY line names neither TCP4 nor TCP6 nor UNKNOWN',
  BAD_ADDRESS: 'the PROXY line has an address that is not of its family',
  BAD_PORT: 'the PROXY line has a port that is not a number from 0 to 65535',
  EXCESS_TEXT: 'the PROXY line has text behind its ports',
  BAD_VERSION: 'the binary PROXY header is not of version 2',
  BAD_COMMAND: 'the PROXY header has a command that is neither LOCAL nor PROXY',
  BAD_FAMILY: 'the PROXY header has an address family or transport that is not defined',
  BAD_LENGTH: 'the PROXY header is too short for its addresses',
  TOO_LARGE: 'the PROXY header has more bytes than the limit',
  BAD_TLV: 'the extensions of the PROXY header do not fit their lengths',
  BAD_CHECKSUM: 'the checksum of the PROXY header is wrong',
};

const MESSAGE_BY_CODE = new Map(
  Object.entries(ProxyError).map(([name, code]) => [code as number, MESSAGES[name as keyof typeof ProxyError]]),
);

/** What is wrong, as a lower-case clause without full stop. Unknown codes get a generic one. */
export function proxyErrorMessage(code: number): string {
  return MESSAGE_BY_CODE.get(code) ?? 'the PROXY header is malformed';
}
