// What the load of handshakes is told and what it reports, one JSON text each.

export interface HandshakesPlan {
  readonly port: number;
  /** At a time. */
  readonly connections: number;
  readonly seconds: number;
  /** Each connection resumes the session of the one before it; otherwise none knows a session. */
  readonly resume: boolean;
}

export interface HandshakesResult {
  readonly durationUs: number;
  /** Connections with a complete handshake and a right answer. */
  readonly handshakes: number;
  /** Of these, as the client's TLS says. */
  readonly resumed: number;
  /** Connections that came to another end. */
  readonly failed: number;
  /** From connecting to the whole answer. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}
