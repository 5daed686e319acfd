// Opens what lines are written to: the configured file, or standard output. Never waits for a reader of a pipe.

import { close, constants, fstat, open, type Stats, stat } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { ATOMIC_BYTES, FileTarget, type LogTarget, StreamTarget } from './log-target.ts';

/** As in the reference; what the process's umask takes away is up to the operator. */
const FILE_MODE = 0o664;
const FOLDER_MODE = 0o755;
const STDOUT = 1;
const { O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_NONBLOCK } = constants;

const openFile = promisify(open);
const statOf = promisify(fstat);

/** @param filePath empty: standard output. @throws Error with the system's `code` when it cannot be opened. */
export async function openLogTarget(filePath: string): Promise<LogTarget> {
  if (filePath === '') return await openStandardOutput();
  await mkdir(dirname(filePath), { recursive: true, mode: FOLDER_MODE });
  const descriptor = await openPath(filePath);
  const stats = await statOf(descriptor);
  if (stats.isFile()) return new FileTarget(descriptor);
  if (isStream(stats)) return new StreamTarget(descriptor);
  close(descriptor, () => {});
  throw new Error(`${filePath} is neither a file nor a pipe nor a device`);
}

async function openPath(path: string): Promise<number> {
  try {
    return await openFile(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, FILE_MODE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENXIO' || !(await isPipe(path))) throw error;
    // Nobody reads yet. Opened for both directions, the pipe takes lines for a reader that comes later.
    return await openFile(path, O_RDWR | O_NONBLOCK);
  }
}

/** Other processes share this descriptor: making it non-blocking would surprise them, so it is opened once more. */
async function openStandardOutput(): Promise<LogTarget> {
  const stats = await statOf(STDOUT);
  if (stats.isFile()) return new FileTarget(STDOUT);
  if (isStream(stats)) {
    try {
      return new StreamTarget(await openFile(`/proc/self/fd/${STDOUT}`, O_WRONLY | O_APPEND | O_NONBLOCK));
    } catch {
      // Without /proc, or a terminal that belongs to another user.
    }
  }
  // A socket, such as that of a service manager's journal: cannot be opened again. A thread of the pool waits for it.
  return new FileTarget(STDOUT, ATOMIC_BYTES);
}

function isStream(stats: Stats): boolean {
  return stats.isFIFO() || stats.isCharacterDevice();
}

function isPipe(path: string): Promise<boolean> {
  return new Promise((resolve) => stat(path, (error, stats) => resolve(error === null && stats.isFIFO())));
}
