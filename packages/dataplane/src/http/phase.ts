// Where an exchange stands. Only the exchange and its upstream side move it on.

export const Phase = {
  /** Not in use. */
  FREE: 0,
  /** Entry-point rules, matching, request middlewares. */
  ROUTING: 1,
  /** A middleware will call back. */
  SUSPENDED: 2,
  /** The request waits for a place at the server, the name resolver, or the first of several addresses that takes a connection. */
  DIALING: 3,
  /** The request has been (or is being) sent; no final response head yet. */
  WAITING: 4,
  /** The response head has been sent; bodies are moving. */
  RESPONDING: 5,
  /** Both connections are relayed as they are, after a 101. */
  TUNNEL: 6,
  /** We have answered ourselves; the rest of a short request body is read and thrown away. */
  DISCARDING: 7,
} as const;
