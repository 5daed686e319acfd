// A batch handler that throws for the first bytes it sees and echoes all later ones. With `listen` as argument the process
// listens to 'uncaughtException' and lives; otherwise it must end as for any uncaught exception.

import { createListeningSocket, Event, RECORD_WORDS, StreamTransport } from '../../src/index.ts';

let thrown = false;
const transport: StreamTransport = new StreamTransport({}, (count) => {
  for (let i = 0; i < count; i++) {
    const [kind, connection, a, b] = transport.events.subarray(i * RECORD_WORDS);
    if (kind !== Event.DATA) continue;
    transport.send(connection!, a!, b!);
    if (thrown) continue;
    thrown = true;
    throw new Error('handler failed on purpose');
  }
});
if (process.argv[2] === 'listen') {
  process.on('uncaughtException', (error) => process.stdout.write(`caught ${error.message}\n`));
}
const { descriptor, port } = createListeningSocket({ host: '127.0.0.1', port: 0 });
transport.listen(descriptor, 1);
process.stdout.write(`port ${port}\n`);
