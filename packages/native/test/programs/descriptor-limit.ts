// Started with few descriptors: accepts until none is left. Reports listener events, counts and its CPU time as JSON lines;
// closes one connection per line read from stdin.

import { createInterface } from 'node:readline';
import { createListeningSocket, Event, RECORD_WORDS, StreamTransport } from '../../src/index.ts';

const say = (message: object): void => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
};
const open: number[] = [];
const transport: StreamTransport = new StreamTransport({}, (count) => {
  for (let i = 0; i < count; i++) {
    const [kind, connection, a, b] = transport.events.subarray(i * RECORD_WORDS);
    if (kind === Event.ACCEPTED) open.push(connection!);
    if (kind === Event.LISTENER_PAUSED) say({ event: 'paused', tag: a, errno: b, open: open.length });
    if (kind === Event.LISTENER_RESUMED) say({ event: 'resumed', tag: a, open: open.length });
    if (kind === Event.END) transport.reset(connection!);
  }
});
const { descriptor, port } = createListeningSocket({ host: '127.0.0.1', port: 0 });
transport.listen(descriptor, 3);
say({ event: 'listening', port });

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'close') transport.reset(open.shift()!);
  transport.flush();
  const { user, system } = process.cpuUsage();
  if (line === 'usage') say({ event: 'usage', cpuMs: (user + system) / 1000, open: open.length });
}
transport.destroy();
