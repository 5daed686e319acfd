// Errors whose cause is the client or its connection. Words and numbers only: answering and logging happen elsewhere.
// Entries are only ever added; numbers are never reused.

import { catalogueOf } from './entry.ts';

export const DOWNSTREAM_ERRORS = catalogueOf('downstream', {
  DOWNSTREAM_CLOSED: {
    number: 1,
    status: 499,
    meaning: 'The client closed or reset its connection before the answer was complete.',
    check:
      'Usually a user who left or a client-side timeout shorter than the service needs. If it comes in bursts, compare the time to the first byte of the service with the timeouts of whatever stands in front of this entry point.',
  },
  DOWNSTREAM_HEAD_TIMEOUT: {
    number: 2,
    status: 408,
    meaning: 'The request head did not arrive within the entry point’s readTimeout.',
    check:
      'Slow or probing clients cause this. Raise transport.respondingTimeouts.readTimeout only if honest clients on slow links are hit.',
  },
  DOWNSTREAM_BODY_TIMEOUT: {
    number: 3,
    status: 504,
    meaning: 'The request body did not arrive within the entry point’s readTimeout.',
    check:
      'The time covers head and body together: large uploads on slow links need a larger transport.respondingTimeouts.readTimeout, or 0 for none.',
  },
  DOWNSTREAM_BODY_CUT: {
    number: 4,
    status: 500,
    meaning: 'The client ended its connection in the middle of the request body.',
    check:
      'The server got an incomplete request and was cut off too. Look for client crashes or a middlebox that limits uploads.',
  },
  DOWNSTREAM_MALFORMED_REQUEST: {
    number: 5,
    status: 400,
    meaning: 'The bytes received are not a valid HTTP request head.',
    check:
      'Check that the client speaks HTTP to this port (TLS sent to a cleartext entry point looks like this), sends exactly one Host field, and no conflicting Content-Length and Transfer-Encoding.',
  },
  DOWNSTREAM_HEAD_TOO_LARGE: {
    number: 6,
    status: 431,
    meaning: 'The request head is larger than the entry point’s http.maxHeaderBytes.',
    check: 'Oversized cookies are the usual cause. Shrink them, or raise http.maxHeaderBytes.',
  },
  DOWNSTREAM_TARGET_TOO_LONG: {
    number: 7,
    status: 414,
    meaning: 'The request target is longer than the head may be.',
    check: 'Look for data passed in the query that belongs into a body, or for redirects that append to themselves.',
  },
  DOWNSTREAM_EXPECTATION_UNKNOWN: {
    number: 8,
    status: 417,
    meaning: 'The request has an Expect field with a value other than 100-continue.',
    check: 'No other expectation is defined; correct the client.',
  },
  DOWNSTREAM_PATH_INVALID: {
    number: 9,
    status: 400,
    empty: true,
    meaning: 'The request path holds a fragment sign or a broken percent-encoding.',
    check: 'A literal # or a % without two hexadecimal digits must be percent-encoded by the client.',
  },
  DOWNSTREAM_ENCODED_CHARACTER_DENIED: {
    number: 10,
    status: 400,
    empty: true,
    meaning: 'The request path holds an encoded character that the entry point denies.',
    check:
      'See http.encodedCharacters of the entry point. Allow the character only if the service does not decode it into a path separator or another path.',
  },
  DOWNSTREAM_UNDERSCORE_FIELD: {
    number: 11,
    status: 400,
    plain: 'Bad Request',
    meaning: 'A request header name holds an underscore and the entry point rejects those.',
    check: 'See http.underscoreHeadersStrategy of the entry point: keep, delete or reject.',
  },
  DOWNSTREAM_MALFORMED_BODY: {
    number: 12,
    status: 400,
    meaning: 'The chunked framing of the request body is broken.',
    check:
      'The client, or a proxy in front of this one, writes wrong chunk sizes. The server’s connection was cut so that it cannot mistake the rest for a new request.',
  },
  DOWNSTREAM_TRANSFER_CODING_UNSUPPORTED: {
    number: 13,
    status: 501,
    meaning: 'The request uses a transfer coding other than chunked.',
    check: 'Compression belongs into Content-Encoding; correct the client.',
  },
  DOWNSTREAM_IDLE_TIMEOUT: {
    number: 14,
    meaning: 'A kept-alive connection carried no request within the entry point’s idleTimeout and was closed.',
    check:
      'Normal. If a proxy in front reports resets, its own idle timeout must be shorter than transport.respondingTimeouts.idleTimeout here.',
  },
  DOWNSTREAM_WRITE_TIMEOUT: {
    number: 15,
    meaning: 'The answer could not be written to the client within the entry point’s writeTimeout.',
    check:
      'The client reads slowly or not at all. Raise transport.respondingTimeouts.writeTimeout for long downloads, or set 0 for none.',
  },
  VERSION_UNSUPPORTED: {
    number: 16,
    status: 505,
    meaning: 'The request line names an HTTP version other than 1.0 or 1.1.',
    check: 'Check what the client speaks; the connection cannot be used for another protocol here.',
  },
  CONNECT_UNSUPPORTED: {
    number: 17,
    status: 501,
    empty: true,
    meaning: 'The client asked for a CONNECT tunnel.',
    check: 'This is a reverse proxy: somebody uses it, or probes it, as a forward proxy.',
  },
  DOWNSTREAM_CONNECTIONS_EXCEEDED: {
    number: 18,
    logLevel: 'warn',
    meaning: 'The entry point has as many connections as its maxConnections allows; a new one was closed at once.',
    check:
      'Open connections go on. If honest clients are turned away, raise transport.limits.maxConnections, shorten idleTimeout, or limit each client with maxConnectionsPerClient.',
  },
  DOWNSTREAM_CLIENT_CONNECTIONS_EXCEEDED: {
    number: 19,
    logLevel: 'warn',
    meaning:
      'A client address has as many connections as maxConnectionsPerClient allows; a new one was closed at once.',
    check:
      'The log line names one such client. Many honest clients may share an address behind a gateway or another proxy: then raise transport.limits.maxConnectionsPerClient.',
  },
  DOWNSTREAM_BODY_TOO_SLOW: {
    number: 20,
    status: 408,
    meaning:
      'The request body came more slowly than the entry point’s minReceiveBytesPerSecond for longer than its grace.',
    check:
      'Slow-body attacks look like this. For honest clients that send now and then, set transport.limits.minReceiveBytesPerSecond to 0 or raise slowClientGrace.',
  },
  DOWNSTREAM_READER_TOO_SLOW: {
    number: 21,
    meaning:
      'The client took what was ready for it more slowly than the entry point’s minSendBytesPerSecond for longer than its grace, and was cut off.',
    check:
      'Slow-read attacks look like this, and clients that pause a download for long. See transport.limits.minSendBytesPerSecond and slowClientGrace.',
  },
  TLS_HELLO_INVALID: {
    number: 22,
    meaning: 'The client’s first bytes begin like TLS and are not a valid ClientHello; it was closed.',
    check: 'The reason is in the log line. Probes and broken clients cause this.',
  },
  TLS_OPTIONS_MISSING: {
    number: 23,
    meaning: 'The server name belongs to TLS options that do not exist or cannot be used; the client was closed.',
    check: 'Run “sluice validate”: it names the set of options and what is wrong with it.',
  },
  TLS_NAME_UNKNOWN: {
    number: 24,
    meaning:
      'No certificate fits the server name, and the TLS options allow no default one; the handshake was refused with unrecognized_name.',
    check:
      'Clients that name no server, or another one, meet this where sniStrict is set. Otherwise a certificate is missing.',
  },
  TLS_HANDSHAKE_FAILED: {
    number: 25,
    meaning: 'The TLS handshake with a client failed.',
    check:
      'The reason is in the log line. Versions, cipher suites, protocols or client certificates may have nothing in common, or the client does not accept our certificate.',
  },
  TLS_HANDSHAKE_TIMEOUT: {
    number: 26,
    meaning:
      'The TLS handshake was not done 10 s after its first byte, or within the entry point’s readTimeout; the client was cut off.',
    check: 'Slow or probing clients cause this.',
  },
  TLS_HANDSHAKES_EXCEEDED: {
    number: 27,
    logLevel: 'warn',
    meaning: 'As many TLS handshakes are under way in a worker as there may be; a new client was cut off.',
    check:
      'Handshakes under way go on. A flood of clients looks like this, also an honest one after a restart; limit each client with transport.limits.maxConnectionsPerClient, or run more workers.',
  },
  MISDIRECTED_REQUEST: {
    number: 28,
    status: 421,
    plain: 'Misdirected Request',
    meaning: 'The request’s router has other TLS options than those that its connection was accepted under.',
    check:
      'Clients reuse connections for hosts that share a certificate, and open a new one after this answer. Give both hosts the same tls.options, or different certificates.',
  },
  DOWNSTREAM_HTTP2_FAULT: {
    number: 29,
    meaning: 'A client broke a rule of HTTP/2, or wore out a limit; its stream was reset, or its connection ended.',
    check:
      'The log line names the fault; docs/security/http2.md says what each one is. One client is a bug of that client, many at once are an attack.',
  },
  DOWNSTREAM_ADDRESS_DENIED: {
    number: 30,
    meaning: 'A TCP middleware ipAllowList does not have the client’s address; its connection was reset.',
    check:
      'Is sourceRange of the middleware complete? Behind another proxy, the address is that proxy’s unless the entry point reads PROXY headers of it (proxyProtocol).',
  },
  DOWNSTREAM_PROXY_HEADER: {
    number: 31,
    meaning: 'The connection began with a PROXY header that is malformed, and was closed.',
    check: 'The reason is in the log line; look at the proxy in front of this one.',
  },
  DOWNSTREAM_ROUTER_CONNECTIONS_EXCEEDED: {
    number: 32,
    meaning:
      'The client has as many connections of the TCP router as its middleware inFlightConn allows; another one was reset.',
    check:
      'Raise amount of the middleware if clients may have more; 0 refuses all. Clients behind one address, or one /64 of IPv6, count together.',
  },
  QUIC_HELLO_REFUSED: {
    number: 40,
    logLevel: 'warn',
    meaning: 'A flow began as a QUIC connection whose ClientHello cannot be read; its datagrams are dropped.',
    check:
      'The hello contradicts itself, is larger than 16 KiB, or more than 500 clients of a worker are in the middle of theirs. Many of these at once are an attack.',
  },
});
