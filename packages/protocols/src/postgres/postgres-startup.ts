// How TLS begins in PostgreSQL's protocol ("SSL Session Encryption" in its documentation), as far as a proxy takes part: towards a
// client the server, towards a server the client. Pure; looks at no more bytes than it must, allocates nothing.
// Clients from PostgreSQL 17 on may leave all this out (sslnegotiation=direct): they begin with a ClientHello that offers
// `POSTGRES_ALPN`, and are TLS clients like any others.

/** What a client may send before its first message proper. Numbers in comments: what follows the length. */
export const PostgresOpening = {
  /** All bytes so far are the beginning of something. */
  NEED_MORE: 0,
  /** 80877103: TLS is wanted. To be answered with one byte. */
  TLS_REQUEST: 1,
  /** 80877104: encryption by GSSAPI is wanted. To be answered with one byte. */
  GSS_REQUEST: 2,
  /** 80877102: a query is to be cancelled. Not answered. */
  CANCEL_REQUEST: 3,
  /** 3.x: user, database and more follow. */
  STARTUP: 4,
  /** Nothing of PostgreSQL's. */
  OTHER: 5,
} as const;

/** Length 8, then 1234 and 5679. All of the message. */
export const POSTGRES_TLS_REQUEST: Uint8Array = Uint8Array.of(0x00, 0x00, 0x00, 0x08, 0x04, 0xd2, 0x16, 0x2f);
/** `S`: go on with a TLS handshake. Sent to clients, wanted from servers. */
export const POSTGRES_WILLING = 0x53;
/** `N`: go on without, or leave. */
export const POSTGRES_UNWILLING = 0x4e;
/** In ALPN, of clients that begin with TLS. */
export const POSTGRES_ALPN = 'postgresql';

const OPENING_BYTES = 8;
const REQUEST_CODES_HIGH = 1234;
const CANCEL_LOW = 5678;
const TLS_LOW = 5679;
const GSS_LOW = 5680;
const VERSION_MAJOR = 3;
/** MAX_STARTUP_PACKET_LENGTH of the server. */
const STARTUP_BYTES_MAX = 10_000;
/** Length, code, process and at least four bytes of secret. */
const CANCEL_BYTES_MIN = 16;

/** `bytes[start…end)` are all bytes received so far. @returns one of `PostgresOpening`; final unless NEED_MORE */
export function postgresOpening(bytes: Uint8Array, start: number, end: number): number {
  const present = end - start;
  // The length of every opening has two bytes of zeros.
  if (present > 0 && bytes[start] !== 0) return PostgresOpening.OTHER;
  if (present > 1 && bytes[start + 1] !== 0) return PostgresOpening.OTHER;
  if (present < 4) return PostgresOpening.NEED_MORE;
  const length = word(bytes, start + 2);
  if (length < OPENING_BYTES || length > STARTUP_BYTES_MAX) return PostgresOpening.OTHER;
  if (present < OPENING_BYTES) return PostgresOpening.NEED_MORE;
  const high = word(bytes, start + 4);
  const low = word(bytes, start + 6);
  if (high === VERSION_MAJOR) return length > OPENING_BYTES ? PostgresOpening.STARTUP : PostgresOpening.OTHER;
  return high === REQUEST_CODES_HIGH ? requestOf(low, length) : PostgresOpening.OTHER;
}

function requestOf(low: number, length: number): number {
  if (low === CANCEL_LOW && length >= CANCEL_BYTES_MIN) return PostgresOpening.CANCEL_REQUEST;
  if (length !== OPENING_BYTES) return PostgresOpening.OTHER;
  if (low === TLS_LOW) return PostgresOpening.TLS_REQUEST;
  return low === GSS_LOW ? PostgresOpening.GSS_REQUEST : PostgresOpening.OTHER;
}

/** What a server says to `POSTGRES_TLS_REQUEST`. */
export const PostgresAnswer = {
  NEED_MORE: 0,
  /** One byte, `S`: the ClientHello may be sent. */
  WILLING: 1,
  /** `N`: it has no TLS. */
  UNWILLING: 2,
  /** An error message, or nothing of PostgreSQL's. */
  OTHER: 3,
  /** Bytes behind the `S`. A server waits there: somebody else has put them in (CVE-2021-23222). */
  EXCESS: 4,
} as const;

/** `bytes[start…end)` are all bytes received since the request. @returns one of `PostgresAnswer` */
export function postgresAnswer(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return PostgresAnswer.NEED_MORE;
  if (bytes[start] === POSTGRES_WILLING) return end - start === 1 ? PostgresAnswer.WILLING : PostgresAnswer.EXCESS;
  return bytes[start] === POSTGRES_UNWILLING ? PostgresAnswer.UNWILLING : PostgresAnswer.OTHER;
}

/**
 * Has a client sent more than its request before it was answered? Such bytes must not be taken for part of what is
 * encrypted later (CVE-2021-23214); PostgreSQL itself ends the connection.
 */
export function hasExcessAfterTlsRequest(start: number, end: number): boolean {
  return end - start > POSTGRES_TLS_REQUEST.length;
}

function word(bytes: Uint8Array, at: number): number {
  return (bytes[at] << 8) | bytes[at + 1];
}
