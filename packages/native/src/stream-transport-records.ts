// Numbers of the event and command records, and of the peer record. Mirrored in cc/stream-transport/records.h and cc/loop/records.h:
// they change together. Constants only.

/** 32-bit words in one event or command record. */
export const RECORD_WORDS = 6;

/** `id & INDEX_MASK` is the connection's seat in any table indexed by connection; the bits above are its generation. */
export const INDEX_BITS = 20;
export const INDEX_MASK = (1 << INDEX_BITS) - 1;

/**
 * Event records: `[kind, connection, a, b, c, d]`, d is 0 unless said otherwise. The last event of a connection is CLOSED or CONNECT_FAILED;
 * its id is dead after that. After JavaScript itself issues CLOSE or RESET the id is dead at once and no event follows,
 * except those already in the batch under way: check that you still know an id. Its seat is not given away before that batch ends.
 *
 * A batch holds at most one DATA event of a connection, and not END together with DATA: commands issued for a connection take
 * effect before its next byte is read.
 */
export const Event = {
  /**
   * a = listener tag (of a connection out of a mailbox: the one that `handOver` has named), b/c = offset/length in `memory` of the peer record (see `readPeerRecord`). The seat may have been used
   * before, by an id of another generation.
   */
  ACCEPTED: 1,
  CONNECTED: 2,
  /** As CLOSED. */
  CONNECT_FAILED: 3,
  /** a/b = offset/length in `memory`; the bytes stay valid until the batch handler returns. */
  DATA: 4,
  /**
   * The peer finished sending (FIN). Our side may still send. Reported once: here, or by RELAYED with SOURCE_END when a relay met
   * the end, then without END.
   */
  END: 5,
  /**
   * a = errno, 0 when both directions had ended in order: the peer's FIN was reported and our SHUTDOWN was carried out.
   * When sending fails, what the peer had sent before comes first, as DATA or by relay (unless the connection is paused).
   * ENOBUFS: queueMaxBytes; ENOMEM: no memory to queue; EINVAL: a SEND outside `memory`.
   *
   * On a connection with TLS b = a `TlsFailure`, and c/d = offset/length in `memory` of the reason (see `tlsReason`). a is EPROTO
   * unless the socket failed: ECONNRESET also for a FIN without close_notify.
   */
  CLOSED: 6,
  /** The queue of unsent bytes, not empty after an earlier flush, is empty now. Bytes queued by a relay count once it has ended. */
  DRAINED: 7,
  /** The deadline passed; it is cleared. */
  DEADLINE: 8,
  /** connection = source; a/b = low/high word of bytes moved; c = a `RelayEnd`. */
  RELAYED: 9,
  /**
   * connection = 0, a = listener tag, b = errno (EMFILE, ENFILE, ENOMEM, ENOBUFS, …) or 0 for a connection limit. Once per
   * pause: a listener that gains seats one by one and uses them at once stays paused.
   */
  LISTENER_PAUSED: 10,
  /** connection = 0, a = listener tag. */
  LISTENER_RESUMED: 11,
  /**
   * The handshake is done; before any DATA. a = version and flags (see `tlsVersionOf` and its neighbours), b = cipher suite (RFC 8446
   * appendix B.4), c = position of the ALPN protocol in the list of the context or of `startTlsClient`, -1: none.
   */
  TLS_READY: 12,
} as const;

/** Why a relay ended. Every RELAY on a live source ends in exactly one RELAYED, unless JavaScript closes or resets the source. */
export const RelayEnd = {
  /** The requested number of bytes has been handed to the destination's socket or queue. */
  COUNT: 0,
  /** The source sent FIN first. With `RELAY_SHUTDOWN` the destination is half-closed as soon as its queue is sent. */
  SOURCE_END: 1,
  /** The source broke; its CLOSED event follows. */
  SOURCE_BROKEN: 2,
  /** The destination broke, was closed, or was half-closed (SHUTDOWN); its CLOSED event (if it is still alive) follows. */
  DESTINATION_BROKEN: 3,
  /** STOP_RELAY was issued. */
  STOPPED: 4,
} as const;

/** Why a connection with TLS ended, beside its errno. */
export const TlsFailure = {
  /** TLS was not the reason. */
  NONE: 0,
  /** Before it was ready. */
  HANDSHAKE: 1,
  /** A broken record, an alert, or a peer that floods with messages of the protocol itself. */
  PROTOCOL: 2,
  /** The peer's FIN came without close_notify: what was received may be cut short. */
  TRUNCATED: 3,
  /** We do not accept the peer's certificate, or miss one. */
  VERIFICATION: 4,
} as const;

/** Word `a` of TLS_READY. */
export const TLS_VERSION_MASK = 0xffff;
export const TLS_RESUMED = 1 << 16;
export const TLS_PEER_CERTIFICATE = 1 << 17;

/** Command records: `[kind, connection, a, b, c, d]`, executed in order at the next flush. */
export const Command = {
  /**
   * a/b = offset/length in `memory`. What the socket does not take at once is copied and sent later. Consecutive SENDs to one
   * connection leave in one system call. After SHUTDOWN: refused.
   */
  SEND: 1,
  /**
   * connection = source, a = destination, b/c = low/high word of the count (both 0xffffffff: until the end), d = flags.
   * Either may still be connecting. A source that relays already refuses it; a dead destination ends it as DESTINATION_BROKEN.
   */
  RELAY: 2,
  /** Nothing is read, not by a relay either. A reset by the peer is still reported once no unread byte is left. */
  PAUSE: 3,
  RESUME: 4,
  /** Half-close our side once queued bytes are sent, with TLS after a close_notify. Ends relays into this connection. */
  SHUTDOWN: 5,
  /**
   * Send what is queued, half-close, discard input until the peer's FIN or a = milliseconds, then close. 0: close as soon as the
   * queue is sent. While the queue is being sent, a or 5,000 milliseconds (the greater) in which the peer takes less than 1 KiB end it,
   * with RST; at most 16 MiB of input are discarded. The seat stays taken until then.
   */
  CLOSE: 6,
  /** Close at once with RST; queued bytes are dropped. */
  RESET: 7,
  /**
   * a = milliseconds from now (0 clears, less than 0: at once), b = 1: idle deadline, pushed back by every byte moved on the
   * connection. A connection has one deadline; setting it replaces the earlier one. Fires up to 9 ms late, never early.
   */
  DEADLINE: 8,
  /** Ends a relay whose source this is; later bytes are DATA events again. Nothing happens if none runs. */
  STOP_RELAY: 9,
  /**
   * TCP keep-alive: a = seconds of silence before the first probe (0: off), b = seconds between probes, both to 32,767, c = unanswered
   * probes until the connection is broken (ETIMEDOUT), to 127. Out of bounds: refused. Nothing on Unix sockets.
   */
  KEEP_ALIVE: 10,
} as const;

export const RELAY_SHUTDOWN = 1;
/** Bytes are copied, however many come. Without this or the next flag the transport splices where much is coming. */
export const RELAY_COPY = 2;
/** Pages are moved by splice(2) from the first byte on, unless TLS, a socket without it or full queues forbid. RELAY_COPY beats it. */
export const RELAY_SPLICE = 4;
export const RELAY_UNTIL_END = -1;

/**
 * Peer record in `memory` (40 bytes): u16 family (4, 6, or 1 for Unix) · u16 peer port · 16 bytes peer address · u32 scope
 * · u16 local port · u16 tag when another process has accepted it, else 0 · 12 bytes zero. IPv4 addresses are 4 bytes, zero padded; IPv4-mapped IPv6 peers are given as
 * IPv4. Little endian.
 */
export const PEER_RECORD_BYTES = 40;
