// The folder where the processes of one instance meet. Whoever can write there can take over listening sockets, so it must
// be ours alone: no symbolic links, our owner, no access for others.

import { lstatSync, mkdirSync, type Stats } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { StartError } from '../start-error.ts';

export const RUNTIME_DIRECTORY_VARIABLE = 'SLUICE_RUNTIME_DIR';

/** A Unix socket path has at most 107 bytes; the longest file name in the folder needs this many, slash included. */
const SOCKET_PATH_MAX_BYTES = 107;
const FILE_NAME_MAX_BYTES = 28;

/** `$SLUICE_RUNTIME_DIR`, else `$XDG_RUNTIME_DIR/sluice`, else `/run/sluice` for root and `/tmp/sluice-<uid>` for others. */
export function runtimeBase(env: NodeJS.ProcessEnv, uid: number): string {
  const own = env[RUNTIME_DIRECTORY_VARIABLE];
  if (own) return resolve(own);
  const session = env.XDG_RUNTIME_DIR;
  if (session && isAbsolute(session)) return join(session, 'sluice');
  return uid === 0 ? '/run/sluice' : `/tmp/sluice-${uid}`;
}

/**
 * Makes the folder of an instance, or checks the one that is there.
 * @returns its path
 * @throws StartError when it cannot be made, is not ours, or is too long for socket paths.
 */
export function openRuntimeDirectory(base: string, instanceKey: string, uid: number): string {
  const directory = join(base, instanceKey);
  if (Buffer.byteLength(directory) + FILE_NAME_MAX_BYTES > SOCKET_PATH_MAX_BYTES) {
    throw new StartError(
      `the runtime directory ${directory} is too long for sockets; set ${RUNTIME_DIRECTORY_VARIABLE}`,
    );
  }
  // Service managers make the base with mode 0755: others may see it, but must not write to it.
  ensureDirectory(base, uid, 0o022);
  ensureDirectory(directory, uid, 0o077);
  return directory;
}

function ensureDirectory(path: string, uid: number, forbiddenMode: number): void {
  let found: Stats;
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    found = lstatSync(path);
  } catch (error) {
    throw new StartError(`the runtime directory ${path} cannot be made: ${(error as Error).message}`, undefined, error);
  }
  const complaint = problemOf(found, uid, forbiddenMode);
  if (complaint !== undefined)
    throw new StartError(`the runtime directory ${path} is not used because it ${complaint}`);
}

function problemOf(found: Stats, uid: number, forbiddenMode: number): string | undefined {
  if (found.isSymbolicLink()) return 'is a symbolic link';
  if (!found.isDirectory()) return 'is not a folder';
  if (found.uid !== uid) return `belongs to user ${found.uid}, not to ${uid}`;
  const open = found.mode & forbiddenMode;
  if (open === 0) return undefined;
  return `is open to others (mode 0${(found.mode & 0o777).toString(8)}; remove 0${open.toString(8)})`;
}
