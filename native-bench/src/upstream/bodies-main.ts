// The upstream server of scenarios with bodies, as a process of its own: reads every request to its end, then answers.
// nginx answers before it has read, which ends connections; so this is a small program over the stream transport.
// Arguments: none. Prints its port. `/chunked` is answered in chunks, everything else with a few bytes.

import { createListeningSocket, Event, RECORD_WORDS, StreamTransport } from '@sluice/native';
import {
  BodyKind,
  ChunkedDecoder,
  ChunkPiece,
  DEFAULT_HEAD_LIMITS,
  parseRequestHead,
  RequestHead,
} from '@sluice/protocols';
import { CHUNKED_ANSWER, SHORT_ANSWER } from './bodies-answers.ts';

interface Exchange {
  /** Bytes of a head that came in pieces. */
  partial: Buffer | undefined;
  /** Of a body with a length: bytes still to come. */
  missingBytes: number;
  /** Of a body in chunks. */
  decoder: ChunkedDecoder | undefined;
  /** Undefined between two requests. */
  answer: Buffer | undefined;
}

const exchanges = new Map<number, Exchange>();
const head = new RequestHead(Buffer.alloc(0));

const transport: StreamTransport = new StreamTransport({}, (count) => {
  const { events } = transport;
  for (let i = 0; i < count; i++) {
    const at = i * RECORD_WORDS;
    handle(events[at]!, events[at + 1]!, events[at + 2]!, events[at + 3]!);
  }
});

function handle(kind: number, connection: number, a: number, b: number): void {
  if (kind === Event.ACCEPTED) {
    exchanges.set(connection, { partial: undefined, missingBytes: 0, decoder: undefined, answer: undefined });
  } else if (kind === Event.DATA) {
    take(connection, exchanges.get(connection)!, transport.memory, a, a + b);
  } else if (kind === Event.END) {
    exchanges.delete(connection);
    transport.close(connection, 0);
  } else if (kind === Event.CLOSED) {
    exchanges.delete(connection);
  }
}

function take(connection: number, exchange: Exchange, memory: Buffer, from: number, to: number): void {
  let [bytes, start, end] = [memory, from, to];
  if (exchange.partial !== undefined) {
    bytes = Buffer.concat([exchange.partial, memory.subarray(from, to)]);
    [start, end] = [0, bytes.length];
    exchange.partial = undefined;
  }
  while (start < end) {
    if (exchange.answer === undefined) {
      const length = begin(exchange, bytes, start, end);
      if (length < 0) {
        transport.reset(connection);
        return;
      }
      if (length === 0) {
        // Bytes of the batch are gone after it.
        exchange.partial = Buffer.from(bytes.subarray(start, end));
        return;
      }
      start += length;
    }
    start = skipBody(exchange, bytes, start, end);
    if (start < 0) {
      transport.reset(connection);
      return;
    }
    if (exchange.missingBytes === 0 && exchange.decoder === undefined) answer(connection, exchange);
  }
}

/** Length of the head, 0 when it is not whole yet, below 0 when it is wrong. */
function begin(exchange: Exchange, bytes: Buffer, start: number, end: number): number {
  const length = parseRequestHead(head, bytes, start, end, DEFAULT_HEAD_LIMITS);
  if (length <= 0) return length;
  exchange.answer = head.path === '/chunked' ? CHUNKED_ANSWER : SHORT_ANSWER;
  exchange.missingBytes = head.bodyKind === BodyKind.LENGTH ? head.bodyBytes : 0;
  exchange.decoder = head.bodyKind === BodyKind.CHUNKED ? new ChunkedDecoder() : undefined;
  return length;
}

/** Position after what belongs to the body, below 0 when it is wrong. */
function skipBody(exchange: Exchange, bytes: Buffer, start: number, end: number): number {
  if (exchange.decoder === undefined) {
    const taken = Math.min(exchange.missingBytes, end - start);
    exchange.missingBytes -= taken;
    return start + taken;
  }
  let at = start;
  do at = exchange.decoder.step(bytes, at, end);
  while (exchange.decoder.piece === ChunkPiece.DATA);
  if (exchange.decoder.piece === ChunkPiece.ERROR) return -1;
  if (exchange.decoder.piece === ChunkPiece.END) exchange.decoder = undefined;
  return at;
}

function answer(connection: number, exchange: Exchange): void {
  const text = exchange.answer!;
  const offset = transport.reserve(text.length);
  transport.memory.set(text, offset);
  transport.send(connection, offset, text.length);
  exchange.answer = undefined;
}

const { descriptor, port } = createListeningSocket({ host: '127.0.0.1', port: 0, reusePort: false });
transport.listen(descriptor, 1);
process.stdout.write(`${port}\n`);
// Whoever started it is gone.
process.stdin.on('end', () => process.exit(0)).resume();
