// One JSON object per line over a local stream: bounded reading and writing for the control sockets.
// Every line is checked for length before it is kept; what the objects mean is decided by the callers.

import type { Socket } from 'node:net';

/** Longest line in bytes, without its line end. */
export const LINE_MAX_BYTES = 64 * 1024;

/**
 * Calls `onObject` for each line and `onBroken` at most once, for a line that is too long or no JSON object; nothing is
 * read after that.
 */
export function readJsonLines(
  socket: Socket,
  onObject: (object: Record<string, unknown>) => void,
  onBroken: (reason: string) => void,
): void {
  let waiting: Buffer = Buffer.alloc(0);
  let broken = false;
  const fail = (reason: string) => {
    broken = true;
    waiting = Buffer.alloc(0);
    onBroken(reason);
  };
  socket.on('data', (chunk: Buffer) => {
    if (broken) return;
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk]);
    for (let end = waiting.indexOf(10); end !== -1 && !broken; end = waiting.indexOf(10)) {
      const line = waiting.subarray(0, end);
      waiting = waiting.subarray(end + 1);
      const object = line.length > LINE_MAX_BYTES ? undefined : parseObject(line.toString('utf8'));
      if (object === undefined) fail(`expected one JSON object of at most ${LINE_MAX_BYTES} bytes per line`);
      else onObject(object);
    }
    if (!broken && waiting.length > LINE_MAX_BYTES) fail(`a line is longer than ${LINE_MAX_BYTES} bytes`);
  });
}

export function writeJsonLine(socket: Socket, object: object): void {
  socket.write(`${JSON.stringify(object)}\n`);
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
