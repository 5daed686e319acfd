// Sends ranges of bytes: by reference when they lie in the transport's memory, through the arena when they don't.

import type { StreamTransport } from '@sluice/native';
import { FIELD_WORDS, type HeaderTable } from '@sluice/protocols';

/** Most bytes copied through the arena in one piece. */
const COPY_BYTES = 64 * 1024;

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

/**
 * Sends a received head from `start` up to its blank line (not included) without the fields that were removed.
 * Lines are contiguous, so a head that lost nothing is one range.
 */
export function sendKeptLines(
  transport: StreamTransport,
  connection: number,
  head: HeaderTable & { readonly headOffset: number; readonly headLength: number },
  start: number,
): void {
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
