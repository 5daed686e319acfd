// What the steady load is told and what it reports, one JSON text each.

export interface SteadyPlan {
  readonly port: number;
  readonly host: string;
  readonly connections: number;
  /** Between an answer and the next request of a connection. */
  readonly pauseMs: number;
  readonly seconds: number;
}

export interface SteadyResult {
  readonly sent: number;
  readonly answered: number;
  /** Answers with another status than 200. */
  readonly wrong: number;
  /** Sent, and the connection ended before the first byte of an answer: a client may send it again (RFC 9110 §9.2.2). */
  readonly unanswered: number;
  /** The connection ended within the answer. */
  readonly cut: number;
  /** Connections that could not be made. */
  readonly refused: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
}

/** Everything that a client would have noticed. */
export function lostOf({ wrong, unanswered, cut, refused }: SteadyResult): number {
  return wrong + unanswered + cut + refused;
}
