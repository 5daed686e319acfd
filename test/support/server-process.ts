// A server of a Debian package as a process of its own: in a folder that goes with the test, as the user that the package has
// made for it, because some refuse to run as root. Ended when the test ends, also when it fails.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What ends what was started: `after` of a test's context, or of a file. */
export type AtEnd = (end: () => Promise<void>) => void;

export interface ServerUser {
  readonly uid?: number;
  readonly gid?: number;
}

const STOP_MS = 5_000;
const COMMAND_MS = 60_000;

/** Empty when this is not root: then everything runs as whoever we are. */
export function serverUser(name: string): ServerUser {
  if (process.getuid!() !== 0) return {};
  const idOf = (option: string): number => Number(run('id', [option, name]));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/** A new folder that belongs to the user. */
export function serverFolder(atEnd: AtEnd, name: string, { uid, gid }: ServerUser): string {
  const folder = mkdtempSync(join(tmpdir(), `sluice-${name}-`));
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  atEnd(async () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** @returns what it prints @throws Error with what it says when it fails */
export function run(
  command: string,
  args: readonly string[],
  user: ServerUser = {},
  env: Readonly<Record<string, string>> = {},
): string {
  const options = {
    ...user,
    encoding: 'utf8',
    cwd: tmpdir(),
    timeout: COMMAND_MS,
    env: { ...process.env, ...env },
  } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  if (status !== 0) throw new Error(`${command} failed: ${error?.message ?? ''}\n${stdout}${stderr}`);
  return stdout.trim();
}

/** @param signal asks it to leave at once, in a way in which it takes its own children along */
export function startProcess(
  atEnd: AtEnd,
  command: string,
  args: readonly string[],
  user: ServerUser,
  signal: NodeJS.Signals,
): ChildProcess {
  const child = spawn(command, args, { ...user, cwd: tmpdir(), stdio: 'ignore' });
  atEnd(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await Promise.race([ended, sleep(STOP_MS, undefined, { ref: false })]);
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}
