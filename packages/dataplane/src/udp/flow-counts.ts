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
} as const;

const REFUSALS = 4;

export class FlowCounts {
  /** Flows that were given to a server. */
  opened = 0;
  /** And are over, for whatever reason; those with an error of the server's, such as a closed port; those whose server went down. */
  ended = 0;
  endedByServer = 0;
  endedByHealth = 0;
  /** Servers that could not be sent to when a flow was to begin. */
  serversFailed = 0;
  /** By `FlowRefusal`. */
  readonly refused = new Float64Array(REFUSALS);
}
