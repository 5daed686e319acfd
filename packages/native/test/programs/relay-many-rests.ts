// More relays into readers that take nothing than pipes may hold something. Prints how many pipes and bytes that takes, and whether every
// byte arrives when all of them read after all. In a network of its own with small sockets, so that few bytes fill them.

import type net from 'node:net';
import { INDEX_MASK, RELAY_SPLICE, RELAY_UNTIL_END } from '../../src/index.ts';
import { openPipeEndCount } from '../kernel-view.ts';
import { enterOwnNetwork, setNetworkControl } from '../own-network.ts';
import { readBytes, seededBytes, TransportHarness } from '../transport-harness.ts';

const RELAYS = 16;
const BYTES = 3_000_000;

enterOwnNetwork();
setNetworkControl('ipv4/tcp_rmem', '4096 131072 262144');
setNetworkControl('ipv4/tcp_wmem', '4096 16384 131072');

const h = new TransportHarness();
try {
  const before = openPipeEndCount();
  const port = h.listen();
  const bytes = seededBytes(BYTES, 5);
  const readers: net.Socket[] = [];
  const destinations: number[] = [];
  for (let i = 0; i < RELAYS; i++) {
    const left = await h.accepted(port);
    const right = await h.connected();
    h.run((t) => t.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SPLICE));
    left.socket.write(bytes);
    readers.push(right.socket);
    destinations.push(right.id);
  }
  const queued = (id: number): number => h.transport.queuedBytes[id & INDEX_MASK]!;
  await h.until('queues', () => destinations.every((id) => queued(id) > 0));
  const held = destinations.map(queued).sort((a, b) => a - b);
  const pipes = (openPipeEndCount() - before) / 2;
  const memory = h.transport.queuedMemoryBytes;
  const arrived = await Promise.all(readers.map((reader) => readBytes(reader, BYTES)));
  const whole = arrived.filter((each) => each.equals(bytes)).length;
  const kept = (openPipeEndCount() - before) / 2;
  const left = h.transport.queuedMemoryBytes;
  h.transport.destroy();
  const after = (openPipeEndCount() - before) / 2;
  process.stdout.write(JSON.stringify({ pipes, held, memory, whole, kept, left, after }));
} finally {
  h.close();
}
