// The logger of a process of the node, supervisor and workers alike: level, format and file as configured.
// Lines are formatted here and written by the thread pool, so a slow disk or reader never holds up the event loop;
// what waits to be written is bounded, and lines beyond that are dropped.

import { openSync } from 'node:fs';
import pino, { type DestinationStream, type Logger } from 'pino';
import { toCommonFormat } from './common-format.ts';

export interface ProcessLogOptions {
  /** A level of the configuration, in any case. */
  readonly level: string;
  readonly format: 'common' | 'json';
  /** Empty: standard output. */
  readonly filePath: string;
  /** Fields of every line, such as the slot. */
  readonly base?: Readonly<Record<string, unknown>>;
}

export interface ProcessLog {
  readonly log: Logger;
  /** Writes what is still in memory; call it right before the process ends. */
  flush(): void;
}

/** Bytes waiting for a slow reader before lines are dropped. */
const WAITING_MAX_BYTES = 4 << 20;
const FILE_MODE = 0o640;
const STDOUT = 1;

/** @throws Error with the system's `code` when the file cannot be opened for appending. */
export function openProcessLog(options: ProcessLogOptions): ProcessLog {
  const descriptor = options.filePath === '' ? STDOUT : openSync(options.filePath, 'a', FILE_MODE);
  const destination = pino.destination({ dest: descriptor, sync: false, minLength: 0, maxLength: WAITING_MAX_BYTES });
  // The reader of our output may go away (EPIPE) while connections still depend on this process.
  destination.on('error', () => {});
  const stream: DestinationStream =
    options.format === 'json' ? destination : { write: (line) => void destination.write(toCommonFormat(line)) };
  const log = pino(
    { level: pinoLevel(options.level), base: { ...options.base }, timestamp: pino.stdTimeFunctions.isoTime },
    stream,
  );
  return { log, flush: () => flush(destination) };
}

/** The configuration knows PANIC, which the logger calls fatal too. */
function pinoLevel(level: string): string {
  const name = level.toLowerCase();
  return name === 'panic' ? 'fatal' : name;
}

function flush(destination: { flushSync(): void }): void {
  try {
    destination.flushSync();
  } catch {
    // The reader is gone or does not read; there is nobody to tell.
  }
}
