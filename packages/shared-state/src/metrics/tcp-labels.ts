// How TCP connections end and what keeps them from a server, as it is counted. Positions are part of the layout of rows: only ever
// added.

/** Who or what ended a connection. */
export const TCP_END_LABELS = [
  /** Both directions were over; the client's was first, or the server's. */
  'client',
  'server',
  'client-reset',
  'server-reset',
  /** The client had ended, and its server went on until `terminationDelay` was over; the other way round at the end of the list. */
  'client-termination-delay',
  'server-down',
  /** The worker left. */
  'drain',
  /** A middleware had something against it. */
  'denied',
  /** The service had no server, or none that could be connected to. */
  'no-server',
  'fault',
  'server-termination-delay',
] as const;

export type TcpEndLabel = (typeof TCP_END_LABELS)[number];

/** Why one server could not be connected to. */
export const TCP_CONNECT_FAILURE_LABELS = [
  'other',
  'refused',
  'timeout',
  'unreachable',
  'name',
  'tls',
  'queue',
  'local',
] as const;

export type TcpConnectFailureLabel = (typeof TCP_CONNECT_FAILURE_LABELS)[number];

/** Of bytes, as clients see it. */
export const TCP_BYTES_LABELS = ['received', 'sent'] as const;
