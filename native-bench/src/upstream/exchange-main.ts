// The upstream server of TCP scenarios, as a process of its own: reads a request and what is uploaded with it, answers with as many
// bytes as it asks for, over and over. Arguments: none. Prints its port.

import { createListeningSocket, Event, RECORD_WORDS, StreamTransport } from '@sluice/native';
import { FillSender } from '../load/fill-sender.ts';
import { answerBytesAt, REQUEST_BYTES, uploadBytesAt } from './exchange-protocol.ts';

interface Exchange {
  /** A request that comes in pieces; undefined: none does. */
  partial: Buffer | undefined;
  /** Of the upload, still to come. */
  missingBytes: number;
  answerBytes: number;
}

const LINGER_MS = 1_000;
const KIB = 1024;
const exchanges = new Map<number, Exchange>();

const transport: StreamTransport = new StreamTransport({ receiveMaxBytes: 256 * KIB }, (count) => {
  const { events } = transport;
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_WORDS;
    handle(events[at]!, events[at + 1]!, events[at + 2]!, events[at + 3]!);
  }
});
const sender = new FillSender(transport);

function handle(kind: number, connection: number, a: number, b: number): void {
  if (kind === Event.DATA) take(connection, exchanges.get(connection)!, transport.memory, a, a + b);
  else if (kind === Event.ACCEPTED) exchanges.set(connection, { partial: undefined, missingBytes: 0, answerBytes: 0 });
  else if (kind === Event.DRAINED) sender.onDrained(connection);
  else if (kind === Event.END) {
    forget(connection);
    transport.close(connection, LINGER_MS);
  } else if (kind === Event.CLOSED) forget(connection);
}

function forget(connection: number): void {
  exchanges.delete(connection);
  sender.forget(connection);
}

function take(connection: number, exchange: Exchange, memory: Buffer, from: number, to: number): void {
  let [bytes, start, end] = [memory, from, to];
  if (exchange.partial !== undefined) {
    bytes = Buffer.concat([exchange.partial, memory.subarray(from, to)]);
    [start, end] = [0, bytes.length];
    exchange.partial = undefined;
  }
  while (start < end) {
    if (exchange.missingBytes === 0) {
      if (end - start < REQUEST_BYTES) {
        // Bytes of the batch are gone after it.
        exchange.partial = Buffer.from(bytes.subarray(start, end));
        return;
      }
      exchange.missingBytes = uploadBytesAt(bytes, start);
      exchange.answerBytes = answerBytesAt(bytes, start);
      if (exchange.missingBytes < 0 || exchange.answerBytes < 0) {
        transport.reset(connection);
        forget(connection);
        return;
      }
      start += REQUEST_BYTES;
    }
    const taken = Math.min(exchange.missingBytes, end - start);
    exchange.missingBytes -= taken;
    start += taken;
    if (exchange.missingBytes === 0) sender.send(connection, exchange.answerBytes);
  }
}

const { descriptor, port } = createListeningSocket({ host: '127.0.0.1', port: 0, reusePort: false });
transport.listen(descriptor, 1);
process.stdout.write(`${port}\n`);
// Whoever started it is gone.
process.stdin.on('end', () => process.exit(0)).resume();
