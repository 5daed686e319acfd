// Errors whose cause is a server or the way to it. Words and numbers only: answering and retrying happen elsewhere.
// Entries are only ever added; numbers are never reused.

import { catalogueOf } from './entry.ts';

export const UPSTREAM_ERRORS = catalogueOf('upstream', {
  UPSTREAM_CONNECT_REFUSED: {
    number: 1,
    status: 502,
    retry: 'next-server',
    meaning: 'The server refused the connection.',
    check:
      'Is the process running and listening on the address and port of the server’s url? A health check takes such a server out of rotation.',
  },
  UPSTREAM_CONNECT_TIMEOUT: {
    number: 2,
    status: 504,
    retry: 'next-server',
    meaning: 'The connection to the server was not established within dialTimeout.',
    check:
      'Packets are dropped on the way (firewall, wrong address, dead host) or the server’s accept queue is full. forwardingTimeouts.dialTimeout of the servers transport sets the limit.',
  },
  UPSTREAM_CONNECT_FAILED: {
    number: 3,
    status: 502,
    retry: 'next-server',
    meaning: 'The connection to the server failed for another reason than a refusal, such as an unreachable network.',
    check: 'See the errno in the log line; check routes and firewalls between this node and the server.',
  },
  UPSTREAM_NAME_NOT_RESOLVED: {
    number: 4,
    status: 502,
    retry: 'next-server',
    meaning: 'The host name in the server’s url does not resolve to an address.',
    check:
      'Resolve the name on this node (getent hosts NAME) and compare the resolver settings of the container or host.',
  },
  UPSTREAM_NAME_TIMEOUT: {
    number: 5,
    status: 504,
    retry: 'next-server',
    meaning: 'The name server did not answer in time for the host name in the server’s url.',
    check: 'Check the name servers in resolv.conf; an address instead of a name avoids the dependency.',
  },
  UPSTREAM_CLOSED_BEFORE_HEAD: {
    number: 6,
    status: 502,
    retry: 'fresh-connection',
    meaning: 'The server closed the connection without an answer.',
    check:
      'On a new connection: the server’s process crashed, or it does not speak HTTP on this port. On a reused one: its keep-alive timeout is shorter than forwardingTimeouts.idleConnTimeout.',
  },
  UPSTREAM_RESET_BEFORE_HEAD: {
    number: 7,
    status: 502,
    retry: 'fresh-connection',
    meaning: 'The server reset the connection without an answer.',
    check: 'See UPSTREAM_CLOSED_BEFORE_HEAD; a reset also comes from firewalls that forget idle connections.',
  },
  UPSTREAM_RESPONSE_HEAD_TIMEOUT: {
    number: 8,
    status: 504,
    meaning: 'The server did not start its answer within responseHeaderTimeout.',
    check:
      'The server got the whole request and may still be working on it. Look for slow queries, or raise forwardingTimeouts.responseHeaderTimeout.',
  },
  UPSTREAM_MALFORMED_RESPONSE: {
    number: 9,
    status: 500,
    logLevel: 'warn',
    meaning: 'The server’s answer is not a valid HTTP response head.',
    check: 'Check that the port of the server’s url speaks cleartext HTTP/1.1 and not TLS or another protocol.',
  },
  UPSTREAM_HEAD_TOO_LARGE: {
    number: 10,
    status: 500,
    logLevel: 'warn',
    meaning: 'The server’s response head is larger than the proxy accepts.',
    check: 'Look for a growing Set-Cookie or for debugging data in response headers.',
  },
  UPSTREAM_UNSUPPORTED_SCHEME: {
    number: 11,
    status: 500,
    logLevel: 'error',
    meaning: 'The server’s url has a scheme that this version cannot speak.',
    check: 'Use http:// in the server’s url.',
  },
  UPSTREAM_SWITCH_MISMATCH: {
    number: 12,
    status: 500,
    logLevel: 'warn',
    meaning: 'The server switched to another protocol than the client asked for, or switched without being asked.',
    check:
      'Compare Upgrade in the request with Upgrade in the server’s 101 answer; a server must repeat one of the protocols asked for.',
  },
  UPSTREAM_BODY_CUT: {
    number: 13,
    meaning:
      'The server ended its connection in the middle of the response body; the client was cut off so that it notices.',
    check: 'The server’s process crashed or ran into a limit while answering; its own log tells which.',
  },
  UPSTREAM_MALFORMED_BODY: {
    number: 14,
    logLevel: 'warn',
    meaning: 'The chunked framing of the response body is broken; the client was cut off so that it notices.',
    check: 'The server writes wrong chunk sizes or bytes after the last chunk.',
  },
  UPSTREAM_QUEUE_FULL: {
    number: 15,
    status: 503,
    retry: 'next-server',
    meaning:
      'The server has its maxConnsPerServer connections (TCP: maxConnections), and as many requests as maxQueuedPerServer (TCP: maxQueued) allows wait already.',
    check:
      'The server is slower than requests come. Add servers, or raise maxConnsPerServer if it can take more at a time; a longer queue only makes requests wait longer.',
  },
  UPSTREAM_QUEUE_TIMEOUT: {
    number: 16,
    status: 503,
    retry: 'next-server',
    meaning:
      'The request waited for one of the server’s maxConnsPerServer connections (TCP: maxConnections) until queueTimeout was over.',
    check: 'See UPSTREAM_QUEUE_FULL. Connections that are never given back, such as WebSockets, count too.',
  },
  UPSTREAM_CERTIFICATE_UNTRUSTED: {
    number: 17,
    status: 500,
    logLevel: 'error',
    meaning: 'The server’s certificate cannot be verified: no trusted authority has signed it, or it is not valid now.',
    check:
      'The reason is in the log line. Add the authority to rootCAs of the servers transport, or renew the server’s certificate.',
  },
  UPSTREAM_CERTIFICATE_NAME: {
    number: 18,
    status: 500,
    logLevel: 'error',
    meaning: 'The server’s certificate is trusted, but has other names than it must have.',
    check:
      'It must have the host of the server’s url, or serverName of the servers transport if that is set, and one of peerCertSANs if there are any. For servers addressed by IP, serverName is usually what is missing.',
  },
  UPSTREAM_NOT_TLS: {
    number: 19,
    status: 500,
    logLevel: 'error',
    meaning: 'The server answered the beginning of a TLS handshake with something else.',
    check: 'The port of the server’s url speaks cleartext: use http:// or h2c://, or another port.',
  },
  UPSTREAM_TLS_FAILED: {
    number: 20,
    status: 502,
    retry: 'next-server',
    logLevel: 'warn',
    meaning: 'The TLS handshake with the server failed.',
    check:
      'The reason is in the log line. An alert of the server often means that it wants a certificate (certificates of the servers transport), another server name, or another version or cipher suite.',
  },
  UPSTREAM_TLS_TIMEOUT: {
    number: 21,
    status: 504,
    retry: 'next-server',
    meaning: 'The TLS handshake with the server was not done within 10 s, or within dialTimeout.',
    check: 'The server accepts connections, and is too busy for more, or the port speaks something that waits for us.',
  },
  UPSTREAM_TLS_SETTINGS: {
    number: 22,
    status: 500,
    logLevel: 'error',
    meaning: 'The TLS settings of the servers transport are missing or cannot be used; nothing was sent to the server.',
    check:
      'Errors of the servers transport were logged when the configuration was read; “sluice validate” shows them. Servers with https:// are never spoken to without TLS.',
  },
  UPSTREAM_STREAM_RESET: {
    number: 23,
    status: 502,
    meaning: 'The server reset the HTTP/2 stream of the request without an answer.',
    check: 'The error code is in the log line (RFC 9113 §7); the server’s own log tells more.',
  },
  UPSTREAM_STREAM_REFUSED: {
    number: 24,
    status: 502,
    retry: 'next-server',
    meaning: 'The server refused the HTTP/2 stream of the request twice, or when some of the body had been sent.',
    check: 'The server is being shut down or has too many streams; it has not begun to work on the request.',
  },
  UPSTREAM_HTTP2_FAULT: {
    number: 25,
    status: 500,
    logLevel: 'warn',
    meaning: 'The server broke a rule of HTTP/2; the connection, or the stream, was ended.',
    check:
      'The name of the rule is in the log line. A server with h2c:// must speak HTTP/2 at once, without an upgrade from HTTP/1.1.',
  },
  UPSTREAM_CLOSED_EARLY: {
    number: 26,
    retry: 'next-server',
    meaning: 'The server of a TCP service closed the connection before a byte of the client was sent to it.',
    check:
      'The server accepts connections and drops them: it may be starting, stopping, or not know a PROXY header that it gets.',
  },
  UPSTREAM_STARTTLS_REFUSED: {
    number: 27,
    retry: 'next-server',
    logLevel: 'warn',
    meaning: 'The PostgreSQL server did not agree to TLS when it was asked for it.',
    check: 'Switch TLS on in the server (ssl = on), or end TLS of clients here and leave tls of the server off.',
  },
  UPSTREAM_WENT_DOWN: {
    number: 28,
    retry: 'next-server',
    meaning:
      'The server of a TCP service was found down while a connection to it was being made, or waited for in its line.',
    check: 'See the health-check messages of the server. Another server that is up is tried in its place.',
  },
});
