// Adopts descriptor 3 (a stream socket inherited from the parent) and echoes in upper case until its end. The event loop
// must end by itself then: nothing else keeps this process alive.

import { Event, RECORD_WORDS, StreamTransport } from '../../src/index.ts';

const transport: StreamTransport = new StreamTransport({}, (count) => {
  for (let i = 0; i < count; i++) {
    const [kind, connection, a, b] = transport.events.subarray(i * RECORD_WORDS);
    if (kind === Event.DATA) {
      const text = transport.memory.toString('latin1', a!, a! + b!).toUpperCase();
      const offset = transport.reserve(text.length);
      transport.memory.write(text, offset, 'latin1');
      transport.send(connection!, offset, text.length);
    }
    if (kind === Event.END) transport.shutdown(connection!);
  }
});
transport.adopt(3);
