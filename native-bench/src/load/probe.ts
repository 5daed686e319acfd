// Whether somebody answers on a port as it should, once: how the benchmark knows that a proxy or a server is ready.

import { LOOPBACK } from '../lab/free-port.ts';
import { ask } from './ask.ts';
import { askDatagram } from './ask-datagram.ts';
import { askExchange } from './ask-exchange.ts';
import { askPostgres } from './ask-postgres.ts';
import type { AskProtocol } from './ask-protocol.ts';

export type ProbeProtocol = AskProtocol | 'exchanges' | 'postgres' | 'echo';

const DATAGRAM_BYTES = 64;

/** @param host for HTTP. @throws Error saying what came instead. */
export async function probe(port: number, protocol: ProbeProtocol, host = LOOPBACK): Promise<void> {
  if (protocol === 'exchanges') return askExchange(port);
  if (protocol === 'postgres') return askPostgres(port);
  if (protocol === 'echo') return askDatagram(port, DATAGRAM_BYTES);
  const { status } = await ask({ port, protocol, headers: { Host: host } });
  if (status !== 200) throw new Error(`status ${status}`);
}
