// A worker thread with a transport of its own: echoes, or spins for ever inside the handler when it reads "spin".

import { parentPort } from 'node:worker_threads';
import { createListeningSocket, Event, RECORD_WORDS, StreamTransport } from '../../src/index.ts';

const transport: StreamTransport = new StreamTransport({}, (count) => {
  for (let i = 0; i < count; i++) {
    const [kind, connection, a, b] = transport.events.subarray(i * RECORD_WORDS);
    if (kind !== Event.DATA) continue;
    if (transport.memory.toString('latin1', a!, a! + b!) === 'spin') {
      parentPort?.postMessage('spinning');
      for (;;);
    }
    transport.send(connection!, a!, b!);
  }
});
const { descriptor, port } = createListeningSocket({ host: '127.0.0.1', port: 0 });
transport.listen(descriptor, 1);
parentPort?.postMessage(port);
