// What the load of datagrams (src/cc/datagram-clients.cc) is told, as arguments, and what it reports, as JSON.

export interface DatagramsPlan {
  readonly port: number;
  readonly clients: number;
  /** Of a datagram. */
  readonly bytes: number;
  /** Datagrams that a client sends at once. */
  readonly burst: number;
  /** A burst is given to the kernel as one message, and taken so. */
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

export function datagramArguments(plan: DatagramsPlan): string[] {
  const { port, clients, bytes, burst, gathers, warmUpSeconds, seconds } = plan;
  return [port, clients, bytes, burst, gathers ? 'gather' : 'single', warmUpSeconds, seconds].map(String);
}
