// Every way a datagram can fail to be the beginning of a QUIC connection whose server name can be read: a negative code and a
// sentence for the log. Codes are small negative integers because they are returned in place of a state.

export const QuicError = {
  NOT_QUIC: -1,
  /** Of a version that has another way of protecting Initial packets. Its connection ids can be read all the same. */
  UNKNOWN_VERSION: -2,
  NOT_INITIAL: -3,
  BAD_HEADER: -4,
  BAD_CONNECTION_ID: -5,
  DATAGRAM_TOO_SMALL: -6,
  BAD_PROTECTION: -7,
  BAD_FRAME: -8,
  OTHER_CONNECTION: -9,
  TOO_MANY_PACKETS: -10,
  HELLO_TOO_LARGE: -11,
  CONFLICT: -12,
  BAD_HELLO: -13,
} as const;

const MESSAGES: Readonly<Record<keyof typeof QuicError, string>> = {
  NOT_QUIC: 'the datagram does not begin with a long header of QUIC',
  UNKNOWN_VERSION: 'the version of QUIC is neither 1 nor 2',
  NOT_INITIAL: 'the packet is not an Initial packet',
  BAD_HEADER: 'a length in the header of the packet does not fit the datagram',
  BAD_CONNECTION_ID: 'a connection id is longer than 20 bytes, or that of the server shorter than 8',
  DATAGRAM_TOO_SMALL: 'the datagram of an Initial packet has fewer than 1200 bytes',
  BAD_PROTECTION: 'the Initial packet cannot be decrypted',
  BAD_FRAME: 'the Initial packet has a frame that is cut or not allowed there',
  OTHER_CONNECTION: 'the Initial packet belongs to another connection',
  TOO_MANY_PACKETS: 'the ClientHello is spread over more Initial packets than the limit',
  HELLO_TOO_LARGE: 'the ClientHello has more bytes than the limit',
  CONFLICT: 'the ClientHello is sent twice with different bytes',
  BAD_HELLO: 'the Initial packets hold no valid ClientHello',
};

const MESSAGE_BY_CODE = new Map(
  Object.entries(QuicError).map(([name, code]) => [code as number, MESSAGES[name as keyof typeof QuicError]]),
);

/** What is wrong, as a lower-case clause without full stop. Unknown codes get a generic one. */
export function quicErrorMessage(code: number): string {
  return MESSAGE_BY_CODE.get(code) ?? 'the datagram is malformed';
}
