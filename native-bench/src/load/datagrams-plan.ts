// What the load of datagrams is told and what it reports, one JSON text each.

export interface DatagramsPlan {
  readonly port: number;
  readonly clients: number;
  /** Of a datagram. */
  readonly bytes: number;
  /** Datagrams that a client sends at once. */
  readonly burst: number;
  /** Bursts arrive as the kernel puts them together. */
  readonly gathers: boolean;
  /** Of load before, not measured. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface DatagramsResult {
  readonly durationUs: number;
  readonly sent: number;
  /** Of these, with the right bytes. */
  readonly echoed: number;
}
