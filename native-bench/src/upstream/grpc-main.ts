// The upstream server of gRPC scenarios, as a process of its own: HTTP/2 without TLS over the stream transport, one constant
// answer. nginx is no gRPC server, and others cost more than the proxies. Arguments: none. Prints its port.

import { createListeningSocket, Event, INDEX_MASK, RECORD_WORDS, StreamTransport } from '@sluice/native';
import { GrpcConnection } from './grpc-connection.ts';

const connections = new Map<number, GrpcConnection>();

const transport: StreamTransport = new StreamTransport({}, (count) => {
  const { events } = transport;
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_WORDS;
    handle(events[at]!, events[at + 1]!, events[at + 2]!, events[at + 3]!);
  }
});

function handle(kind: number, id: number, a: number, b: number): void {
  if (kind === Event.ACCEPTED) {
    const connection = new GrpcConnection(transport.now);
    connections.set(id, connection);
    send(id, connection);
  } else if (kind === Event.DATA) {
    take(id, a, a + b);
  } else if (kind === Event.END) {
    connections.delete(id);
    transport.close(id, 0);
  } else if (kind === Event.CLOSED) {
    connections.delete(id);
  }
}

function take(id: number, start: number, end: number): void {
  const connection = connections.get(id);
  if (connection === undefined) return;
  connection.receive(transport.memory, start, end, transport.now, transport.queuedBytes[id & INDEX_MASK]!);
  send(id, connection);
  if (!connection.isOver) return;
  connections.delete(id);
  transport.close(id, 1_000);
}

function send(id: number, connection: GrpcConnection): void {
  const bytes = connection.waitingBytes;
  if (bytes === 0) return;
  const offset = transport.reserve(bytes);
  const end = connection.write(transport.memory, offset, transport.now);
  if (end > offset) transport.send(id, offset, end - offset);
}

const { descriptor, port } = createListeningSocket({ host: '127.0.0.1', port: 0, reusePort: false });
transport.listen(descriptor, 1);
process.stdout.write(`${port}\n`);
// Whoever started it is gone.
process.stdin.on('end', () => process.exit(0)).resume();
