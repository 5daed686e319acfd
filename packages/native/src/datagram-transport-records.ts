// Numbers of the event records of the datagram transport and of what goes with them. Mirrored in cc/datagram-transport/records.h and
// cc/loop/records.h: they change together. Constants only.

/** 32-bit words in one event record. */
export const FLOW_RECORD_WORDS = 6;

/**
 * Event records: `[kind, flow, a, b, c, d]`. Offsets are of `memory` and valid until the batch handler returns. Every FLOW_NEW that is
 * not refused is followed by exactly one FLOW_CLOSED, after which the id is dead.
 */
export const FlowEvent = {
  /**
   * A datagram of an unknown client. a = listener tag, b = offset of the peer record (see `readPeerRecord`), c/d = offset/length of the
   * payload, d = 0 also when the listener shows none. The datagram is kept until `connectFlow`, `refuse` or the time for it is over.
   */
  NEW: 1,
  /** Another datagram of a client about whom nothing is decided. a = tag, c/d = offset/length. Only what the listener shows. */
  DATA: 2,
  /**
   * One of the first answers of a server, a copy: it is on its way to the client already. a = tag, c/d = offset/length. Left out when a
   * batch has no room; a later answer comes in its place then.
   */
  ANSWER: 3,
  /** a = a `FlowEnd`, b = errno (0 unless SERVER), c = offset of the flow's numbers (see `FlowNumber`). */
  CLOSED: 4,
  /** flow = 0, a = tag. After `unlisten` and the end of its last flow: the tag can be used again. */
  LISTENER_CLOSED: 5,
} as const;

/** Why a flow ended. */
export const FlowEnd = {
  /** Nothing passed for the idle time of the listener. */
  IDLE: 0,
  /** It made room for a newer one, as the one that was not used for the longest time. */
  EVICTED: 1,
  /** The server's socket failed; ECONNREFUSED: ICMP port unreachable. The client's next datagram makes a new flow. */
  SERVER: 2,
  /** JavaScript did not decide in time. */
  UNDECIDED: 3,
  /** `unlisten`. */
  LISTENER: 4,
  /** `closeFlow`. */
  CLOSED: 5,
} as const;

/** Numbers of a flow at its end: doubles, `transport.numbers[(c >> 3) + FlowNumber.…]`. */
export const FlowNumber = {
  DATAGRAMS_FROM_CLIENT: 0,
  BYTES_FROM_CLIENT: 1,
  DATAGRAMS_TO_CLIENT: 2,
  BYTES_TO_CLIENT: 3,
  /** Datagrams of both ways, for whatever reason. Answers that still waited for the listener's socket are only in the totals. */
  DROPPED: 4,
  LIFETIME_MS: 5,
} as const;

/**
 * `transport.totals[Total.…]`: since the transport began, as of the last batch. "From" counts what was received, "to" what was sent; what
 * is in neither waits, or is counted as dropped for one reason.
 */
export const FlowTotal = {
  /** Milliseconds with fractions, monotonic. */
  NOW: 0,
  /** At present, undecided ones included. */
  FLOWS: 1,
  UNDECIDED: 2,
  FROM_CLIENTS: 3,
  BYTES_FROM_CLIENTS: 4,
  TO_SERVERS: 5,
  FROM_SERVERS: 6,
  BYTES_FROM_SERVERS: 7,
  TO_CLIENTS: 8,
  /** Of unknown clients, for whom there was no room or whom no answer could reach (source port 0). */
  DROPPED_NO_ROOM: 9,
  /** Of clients about whom nothing was decided: too many of them, or too many datagrams of one. Refused ones included. */
  DROPPED_UNDECIDED: 10,
  /** Of unknown clients of a listener that drains. */
  DROPPED_DRAINING: 11,
  /** The socket took nothing and its queue was full. */
  DROPPED_QUEUE: 12,
  /** The kernel refused it, or it still waited when its flow or its listener ended. */
  DROPPED_SEND: 13,
  DROPPED_AMPLIFICATION: 14,
  /** Flows. */
  EVICTED: 15,
  /** Flows. */
  EXPIRED: 16,
  /** Flows whose client came from another address with a key. */
  MOVED: 17,
  /** Memory of what waits for decisions and sockets, at present. */
  QUEUED_BYTES: 18,
  /** Datagrams that the kernel delivered several in one (UDP_GRO). */
  RECEIVED_TOGETHER: 19,
  /** Datagrams that were given to the kernel several in one (UDP_SEGMENT). */
  SENT_TOGETHER: 20,
  /**
   * Dropped by the kernel, as the receive buffer was full: of listeners while they are here, counted when they have been read to the
   * end; of a server's socket after bursts, counted when its flow ends. In none of the other numbers.
   */
  DROPPED_RECEIVING: 21,
} as const;

/** Doubles in `totals`. */
export const FLOW_TOTALS = 24;
