// A relay in front of a UDP port that gives the kernel the datagrams of a burst as one (UDP_SEGMENT), and takes them so (UDP_GRO). Put on
// both sides of a proxy, bursts come to it over loopback as a network card would deliver them.

import { createDatagramSocket, DatagramTransport, FLOW_RECORD_WORDS, FlowEvent } from '@sluice/native';
import { LOOPBACK } from '../lab/free-port.ts';

/** Longer than anything measured. */
const IDLE_TIMEOUT_MS = 600_000;

/** For as long as the process lives. @returns its port. */
export function startGatheringRelay(serverPort: number): number {
  const { descriptor, port } = createDatagramSocket({ host: LOOPBACK, port: 0 });
  const transport = new DatagramTransport({}, (count) => {
    for (let at = 0; at < count * FLOW_RECORD_WORDS; at += FLOW_RECORD_WORDS) {
      if (transport.events[at] === FlowEvent.NEW)
        transport.connectFlow(transport.events[at + 1]!, LOOPBACK, serverPort);
    }
  });
  transport.listen(descriptor, 1, { idleTimeoutMs: IDLE_TIMEOUT_MS });
  return port;
}
