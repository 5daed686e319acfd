// A datagram relay and nothing else: every client of a port of its own gets a flow to one server. What the addon costs, without a
// proxy's configuration around it. Arguments: server's port, `plain` for no help of the kernel. Prints its port.

import { createDatagramSocket, DatagramTransport, FLOW_RECORD_WORDS, FlowEvent } from '@sluice/native';

const IDLE_TIMEOUT_MS = 30_000;
const serverPort = Number(process.argv[2]);
const { descriptor, port } = createDatagramSocket({ host: '127.0.0.1', port: 0 });
const transport = new DatagramTransport({ offload: process.argv[3] !== 'plain' }, (count) => {
  for (let at = 0; at < count * FLOW_RECORD_WORDS; at += FLOW_RECORD_WORDS) {
    if (transport.events[at] === FlowEvent.NEW)
      transport.connectFlow(transport.events[at + 1]!, '127.0.0.1', serverPort);
  }
});
transport.listen(descriptor, 1, { idleTimeoutMs: IDLE_TIMEOUT_MS });
process.stdout.write(`${port}\n`);
process.stdin.on('end', () => transport.destroy()).resume();
