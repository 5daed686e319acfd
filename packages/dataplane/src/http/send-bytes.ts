// Sends ranges of bytes: by reference when they lie in the transport's memory, through the arena when they don't.
// Knows nothing of what they mean; allocates nothing.

import type { StreamTransport } from '@sluice/native';
import { FIELD_WORDS, type HeaderTable } from '@sluice/protocols';

/** Most bytes copied through the arena in one piece. */
const COPY_BYTES = 64 * 1024;
/** Up to this length a loop is faster than a call. */
const SHORT_BYTES = 48;
/** Colon, space and line end. */
const LINE_BYTES = 4;
const COLON = 0x3a;
const SPACE = 0x20;
const CR = 0x0d;
const LF = 0x0a;

export function sendBytes(
  transport: StreamTransport,
  connection: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  if (bytes === transport.memory) {
    if (end > start) transport.send(connection, start, end - start);
    return;
  }
  for (let at = start; at < end; ) {
    const length = Math.min(end - at, COPY_BYTES);
    const offset = transport.reserve(length);
    transport.memory.set(bytes.subarray(at, at + length), offset);
    transport.send(connection, offset, length);
    at += length;
  }
}

/** Composes lines of the fields that were received and not removed. */
function sendFields(transport: StreamTransport, connection: number, head: HeaderTable): void {
  const { memory } = transport;
  const { bytes, fields, count } = head;
  let total = 0;
  for (let index = 0; index < count; index++) {
    const at = index * FIELD_WORDS;
    if (!head.isRemoved(index)) total += fields[at + 1] + fields[at + 3] + LINE_BYTES;
  }
  if (total === 0) return;
  const offset = transport.reserve(total);
  let to = offset;
  for (let index = 0; index < count; index++) {
    if (head.isRemoved(index)) continue;
    const at = index * FIELD_WORDS;
    to = copyShort(bytes, fields[at], fields[at + 1], memory, to);
    memory[to++] = COLON;
    memory[to++] = SPACE;
    to = copyShort(bytes, fields[at + 2], fields[at + 3], memory, to);
    memory[to++] = CR;
    memory[to++] = LF;
  }
  transport.send(connection, offset, total);
}

function copyShort(from: Buffer, start: number, length: number, to: Buffer, at: number): number {
  if (length > SHORT_BYTES) from.copy(to, at, start, start + length);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i];
  return at + length;
}

/**
 * Sends a received head from `start` up to its blank line (not included) without the fields that were removed.
 * Lines are contiguous, so a head that lost nothing is one range. Of a head that has no lines all fields are sent, whatever `start`.
 * @throws RangeError for such a head that is larger than the arena.
 */
export function sendKeptLines(
  transport: StreamTransport,
  connection: number,
  head: HeaderTable & { readonly headOffset: number; readonly headLength: number },
  start: number,
): void {
  if (!head.hasLines) {
    sendFields(transport, connection, head);
    return;
  }
  const { bytes, fields, count } = head;
  const end = head.headOffset + head.headLength - 2;
  let runStart = start;
  if (head.hasRemoved) {
    for (let index = 0; index < count; index++) {
      if (!head.isRemoved(index)) continue;
      sendBytes(transport, connection, bytes, runStart, fields[index * FIELD_WORDS]);
      runStart = index + 1 < count ? fields[(index + 1) * FIELD_WORDS] : end;
    }
  }
  sendBytes(transport, connection, bytes, runStart, end);
}
