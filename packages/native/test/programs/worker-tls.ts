// A worker thread with a transport of its own that connects to itself with TLS, over and over, and says how often it got through.

import { parentPort, workerData } from 'node:worker_threads';
import {
  createListeningSocket,
  createTlsClientContext,
  createTlsServerContext,
  Event,
  RECORD_WORDS,
  StreamTransport,
  type TlsCertificate,
} from '../../src/index.ts';

const { certificate, rounds } = workerData as { certificate: TlsCertificate; rounds: number };
const server = createTlsServerContext({ certificates: [certificate] });
const client = createTlsClientContext({ insecure: true });
let done = 0;

const transport: StreamTransport = new StreamTransport({}, (count) => {
  for (let i = 0; i < count; i++) {
    const [kind, connection, a, b] = transport.events.subarray(i * RECORD_WORDS);
    if (kind === Event.ACCEPTED) transport.startTls(connection!, server, 0, 0);
    if (kind === Event.DATA && b! > 1) transport.send(connection!, a!, 1);
    if (kind === Event.DATA && b === 1) {
      transport.close(connection!, 0);
      if (++done < rounds) call();
    }
    if (kind === Event.END) transport.close(connection!, 0);
  }
  if (done === rounds) {
    transport.destroy();
    parentPort?.postMessage(done);
  }
});
const { descriptor, port } = createListeningSocket({ host: '127.0.0.1', port: 0 });
transport.listen(descriptor, 1);
call();
transport.flush();

function call(): void {
  const id = transport.connect('127.0.0.1', port);
  transport.startTlsClient(id, client, 'server.test');
  transport.send(id, transport.reserve(100), 100);
}
