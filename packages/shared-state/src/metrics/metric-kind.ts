// What a row of a metrics block counts. Numbers are part of the block's layout: only ever added, never given another meaning.

/**
 * The first name of a row's key is the object the kind speaks of, the second one is given where it says so. To count something
 * new of a service or an entry point, add a kind here, a family that shows it in `packages/observability`, and in the worker
 * obtain a row once and `add` to it.
 */
export const MetricKind = {
  /** Requests of an entry point, by labels: duration, body bytes. */
  ENTRY_POINT_REQUESTS: 1,
  /** Requests of a router, and of its service as second name. */
  ROUTER_REQUESTS: 2,
  /** Requests given to a server of a service. */
  SERVICE_REQUESTS: 3,
  /** Client connections of an entry point that are open now. A level, not a count. */
  OPEN_CONNECTIONS: 4,
  /** Requests of a service that were sent again after an attempt that failed. */
  SERVICE_RETRIES: 5,
  /** Requests of a service that went out on a connection which had served another one. */
  CONNECTIONS_REUSED: 6,
  /** Connections to servers that were made for requests of a service. */
  CONNECTIONS_OPENED: 7,
  /** Clients of an entry point that met one of its limits: the label is a position in `LIMIT_LABELS`. */
  ENTRY_POINT_LIMIT_REACHED: 8,
  /** The same for requests of a service. */
  SERVICE_LIMIT_REACHED: 9,
  /** Requests of an entry point that came over TLS: the label is of `tlsLabels`. */
  ENTRY_POINT_TLS_REQUESTS: 10,
  /** The same of a router, and of its service as second name. */
  ROUTER_TLS_REQUESTS: 11,
  /** The same of a service. */
  SERVICE_TLS_REQUESTS: 12,
  /** Connections of a TCP router that have ended, and of its service as second name: the label is a position in `TCP_END_LABELS`. */
  TCP_ROUTER_CONNECTIONS: 13,
  /** Those that are open now. A level. */
  TCP_ROUTER_OPEN_CONNECTIONS: 14,
  /** Bytes of its clients, by position in `TCP_BYTES_LABELS`. */
  TCP_ROUTER_BYTES: 15,
  /** The same of TCP routers on an entry point. */
  TCP_ENTRY_POINT_CONNECTIONS: 16,
  TCP_ENTRY_POINT_BYTES: 17,
  /** Connections to servers of a TCP service that were made: how long that took. */
  TCP_SERVICE_CONNECTS: 18,
  /** Those that failed, by position in `TCP_CONNECT_FAILURE_LABELS`. */
  TCP_SERVICE_CONNECT_FAILURES: 19,
  /** Flows and datagrams of a UDP entry point: the label is a position in `FLOW_LABELS`. `open` is a level. */
  ENTRY_POINT_FLOWS: 20,
} as const;

/** Added to one of the request kinds: a row that counts requests by values of header fields, which are its text. */
export const WITH_HEADER_VALUES = 128;
