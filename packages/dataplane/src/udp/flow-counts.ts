// What is counted of the flows of one entry point in one worker. Numbers only, each of which grows for ever; who shows them is decided
// elsewhere. Datagrams and bytes are counted by the transport.

/** Why a new flow was refused. */
export const FlowRefusal = {
  /** As many flows as the entry point may have. */
  FLOWS_MAX: 0,
  /** As many as one client address may have. */
  CLIENT_MAX: 1,
  /** No router, or no server that is up and can be sent to. */
  NO_SERVER: 2,
  /** The worker is leaving. */
  DRAINING: 3,
  /** It begins as a QUIC connection and goes on as something else, or too many wait for the rest of what they say. */
  BAD_HELLO: 4,
} as const;

const REFUSALS = 5;
const ENDS = 6;

export class FlowCounts {
  /** Flows that were given to a server. */
  opened = 0;
  /** And are over, for whatever reason; those with an error of the server's, such as a closed port; those whose server went down. */
  ended = 0;
  endedByServer = 0;
  endedByHealth = 0;
  /** Servers that could not be sent to when a flow was to begin. */
  serversFailed = 0;
  /** Of clients that had a flow elsewhere, and are known by the connection id of their server. */
  followed = 0;
  /** By the transport's `FlowEnd`: of those that were announced, and not refused. */
  readonly endedBy = new Float64Array(ENDS);
  /** By `FlowRefusal`. */
  readonly refused = new Float64Array(REFUSALS);
}
