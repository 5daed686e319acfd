// A worker thread with a datagram transport of its own, which spins for ever inside the handler when the first client comes. The
// thread has to be terminated.

import { parentPort } from 'node:worker_threads';
import { createDatagramSocket, DatagramTransport } from '../../src/index.ts';

const transport: DatagramTransport = new DatagramTransport({}, () => {
  parentPort?.postMessage('spinning');
  for (;;);
});
const { descriptor, port } = createDatagramSocket({ host: '127.0.0.1', port: 0 });
transport.listen(descriptor, 1, { idleTimeoutMs: 10_000 });
parentPort?.postMessage(port);
