// What the load of exchanges over TCP (src/cc/exchange-clients.cc) is told, as arguments, and what it reports, as JSON.

import type { ExchangeShape } from '../upstream/exchange-protocol.ts';

export interface ExchangesPlan extends ExchangeShape {
  readonly port: number;
  /** At a time. */
  readonly connections: number;
  /** A new connection for each exchange; the client closes. */
  readonly reconnects: boolean;
  /** Of load before, not measured. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

export interface ExchangesResult {
  readonly durationUs: number;
  /** With a whole answer. */
  readonly exchanges: number;
  /** Exchanges that came to another end. */
  readonly failed: number;
  /** From the request, or from connecting, to the whole answer. */
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
}

export function exchangeArguments(plan: ExchangesPlan): string[] {
  const { port, connections, uploadBytes, answerBytes, reconnects, warmUpSeconds, seconds } = plan;
  const kind = reconnects ? 'reconnect' : 'keep';
  return [port, connections, uploadBytes, answerBytes, kind, warmUpSeconds, seconds].map(String);
}
