// How long a supervisor waits for what, in milliseconds. Not configurable by operators; tests shorten them.

/** Milliseconds. */
export interface SupervisorLimits {
  /** A worker that has not reported by then is replaced. Default 30,000. */
  readonly startTimeoutMs: number;
  /** A worker silent for longer is replaced. Default 10,000; resolution 1,000. */
  readonly heartbeatTimeoutMs: number;
  /**
   * Workers wait so long for the providers' first configuration, then they start without. Clients wait in the queues of the
   * sockets meanwhile, which is better than a 404; big configurations take their time. Default 30,000.
   */
  readonly firstConfigurationMs: number;
}

export const LIMITS: SupervisorLimits = {
  startTimeoutMs: 30_000,
  heartbeatTimeoutMs: 10_000,
  firstConfigurationMs: 30_000,
};
