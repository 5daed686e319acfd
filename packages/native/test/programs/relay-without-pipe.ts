// Started with few descriptors, all of which it takes: a relay that was told to splice has no pipe. Then it gives some back. Prints what
// arrived in both rounds, and how much of it was spliced.

import { closeDescriptor, duplicateDescriptor, Event, RELAY_SPLICE, RELAY_UNTIL_END } from '../../src/index.ts';
import { readBytes, seededBytes, TransportHarness } from '../transport-harness.ts';

const BYTES = 3_000_000;
const DESCRIPTORS_MAX = 100_000;

/** All that are left. */
function takeDescriptors(): number[] {
  const taken: number[] = [];
  try {
    while (taken.length < DESCRIPTORS_MAX) taken.push(duplicateDescriptor(0));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EMFILE') throw error;
  }
  return taken;
}

const h = new TransportHarness({ queueMaxBytes: 1 << 20 });
try {
  const left = await h.accepted(h.listen());
  const right = await h.connected();
  const taken = takeDescriptors();
  h.run((t) => t.relay(left.id, right.id, RELAY_UNTIL_END, RELAY_SPLICE));
  const rounds: object[] = [];
  for (const seed of [1, 2]) {
    const bytes = seededBytes(BYTES, seed);
    const before = h.transport.splicedBytes;
    left.socket.write(bytes);
    const whole = (await readBytes(right.socket, BYTES)).equals(bytes);
    rounds.push({ whole, spliced: h.transport.splicedBytes - before });
    for (const descriptor of taken.splice(0, 10)) closeDescriptor(descriptor);
  }
  for (const descriptor of taken) closeDescriptor(descriptor);
  process.stdout.write(JSON.stringify({ rounds, relayed: h.count(Event.RELAYED) }));
} finally {
  h.close();
}
