// Started with the number of an inherited UDP socket that sends no checksums: the kernel refuses to cut datagrams for it. Answers
// one client with bursts through it, and prints what arrived and how it left.

import { adoptDatagramSocket, FlowTotal } from '../../src/index.ts';
import { DatagramHarness } from '../datagram-harness.ts';
import { seededBytes } from '../transport-harness.ts';

const COUNT = 40;

const h = new DatagramHarness();
try {
  const { descriptor, port } = adoptDatagramSocket(Number(process.argv[2]));
  h.transport.listen(descriptor, 1, { idleTimeoutMs: 30_000 });
  const answers = Array.from({ length: COUNT }, (_, i) => seededBytes(1100, i + 1));
  const server = await h.peer((_, from, socket) => {
    for (const answer of answers) socket.send(answer, from.port, from.address);
  });
  h.connectAll(server.port);
  const client = await h.peer();
  for (let round = 1; round <= 3; round++) {
    client.socket.send('?', port, '127.0.0.1');
    await h.until('all answers', () => client.received.length === round * COUNT);
  }
  const { totals } = h.transport;
  process.stdout.write(
    JSON.stringify({
      whole: client.received.every((bytes, i) => bytes.equals(answers[i % COUNT]!)),
      together: totals[FlowTotal.SENT_TOGETHER],
      dropped: totals[FlowTotal.DROPPED_SEND],
    }),
  );
} finally {
  await h.close();
}
