// Every way the first bytes of a connection can fail to be a ClientHello: a negative code and a sentence for the log.
// No parsing here. Codes are small negative integers because the parser returns them in place of a length.

export const HelloError = {
  NOT_TLS: -1,
  BAD_RECORD_LENGTH: -2,
  INTERRUPTED: -3,
  TOO_MANY_RECORDS: -4,
  NOT_CLIENT_HELLO: -5,
  HELLO_TOO_LARGE: -6,
  EXCESS_BYTES: -7,
  BAD_LENGTH: -8,
  BAD_VERSION: -9,
  BAD_SESSION_ID: -10,
  BAD_CIPHER_SUITES: -11,
  BAD_COMPRESSION: -12,
  DUPLICATE_EXTENSION: -13,
  BAD_SERVER_NAME: -14,
  BAD_ALPN: -15,
  BAD_SUPPORTED_VERSIONS: -16,
  BAD_GROUPS: -17,
  BAD_SIGNATURE_ALGORITHMS: -18,
  PRE_SHARED_KEY_NOT_LAST: -19,
} as const;

const MESSAGES: Readonly<Record<keyof typeof HelloError, string>> = {
  NOT_TLS: 'the connection does not begin with a TLS handshake record',
  BAD_RECORD_LENGTH: 'a TLS record of the ClientHello is empty or longer than 2^14 bytes',
  INTERRUPTED: 'a record of another kind stands between the records of the ClientHello',
  TOO_MANY_RECORDS: 'the ClientHello is cut into more records than the limit',
  NOT_CLIENT_HELLO: 'the first handshake message is not a ClientHello',
  HELLO_TOO_LARGE: 'the ClientHello has more bytes than the limit',
  EXCESS_BYTES: 'the last record of the ClientHello holds more than it',
  BAD_LENGTH: 'a length inside the ClientHello does not fit what holds it',
  BAD_VERSION: 'the ClientHello offers no version of TLS',
  BAD_SESSION_ID: 'the session identifier is longer than 32 bytes',
  BAD_CIPHER_SUITES: 'the list of cipher suites is empty or cut',
  BAD_COMPRESSION: 'the list of compression methods is empty',
  DUPLICATE_EXTENSION: 'an extension is given twice',
  BAD_SERVER_NAME: 'the server name is not one valid host name without a dot at its end',
  BAD_ALPN: 'the list of application protocols is empty, cut, or has an empty name',
  BAD_SUPPORTED_VERSIONS: 'the list of versions is empty or cut',
  BAD_GROUPS: 'the list of groups is empty or cut',
  BAD_SIGNATURE_ALGORITHMS: 'the list of signature algorithms is empty or cut',
  PRE_SHARED_KEY_NOT_LAST: 'the extension pre_shared_key is not the last one',
};

const MESSAGE_BY_CODE = new Map(
  Object.entries(HelloError).map(([name, code]) => [code as number, MESSAGES[name as keyof typeof HelloError]]),
);

/** What is wrong, as a lower-case clause without full stop. Unknown codes get a generic one. */
export function helloErrorMessage(code: number): string {
  return MESSAGE_BY_CODE.get(code) ?? 'the ClientHello is malformed';
}
