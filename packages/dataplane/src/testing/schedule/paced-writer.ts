// Writes bytes to a socket in pieces of given lengths, now and then letting the event loop turn in between. Stops when the
// socket is gone.

import type { Socket } from 'node:net';
import type { RandomSource } from './random-source.ts';

export async function writeInPieces(
  socket: Socket,
  bytes: Buffer,
  pieces: readonly number[],
  random: RandomSource,
): Promise<void> {
  for (let at = 0, i = 0; at < bytes.length && !socket.destroyed && !socket.writableEnded; i++) {
    // A few large steps: pieces of a byte each would take for ever.
    const length = Math.max(pieces[i % pieces.length]!, Math.ceil(bytes.length / 40));
    const free = socket.write(bytes.subarray(at, at + length));
    at += length;
    if (at >= bytes.length) return;
    if (!free) await drained(socket);
    else if (random.chance(0.3)) await new Promise((resolve) => setImmediate(resolve));
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done).off('error', done);
      resolve();
    };
    socket.on('drain', done).on('close', done).on('error', done);
  });
}
