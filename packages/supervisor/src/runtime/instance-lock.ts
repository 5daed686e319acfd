// Makes sure that one instance has one supervisor: the lock is a Unix socket that somebody listens on. It needs no clean-up
// after a crash, because a socket file without a listener refuses connections.

import { linkSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { askControl, ControlServer, supervisorControlPath } from '@sluice/dataplane/process';
import { StartError } from '../start-error.ts';

const ATTEMPTS_MAX = 5;
const ASK_TIMEOUT_MS = 2000;

export class InstanceLock {
  private readonly server: ControlServer;
  private readonly path: string;

  private constructor(server: ControlServer, path: string) {
    this.server = server;
    this.path = path;
  }

  /** @throws StartError when a living supervisor holds it. */
  static async acquire(runtimeDirectory: string): Promise<InstanceLock> {
    const path = supervisorControlPath(runtimeDirectory);
    const own = join(runtimeDirectory, `supervisor-${process.pid}.sock`);
    rmSync(own, { force: true });
    const server = new ControlServer(() => ({ type: 'supervisor', pid: process.pid }));
    await server.listen(own);
    try {
      for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
        if (tryLink(own, path)) {
          rmSync(own, { force: true });
          return new InstanceLock(server, path);
        }
        await removeStale(path, runtimeDirectory);
      }
      throw new StartError(`the lock ${path} cannot be taken: other processes keep taking it`);
    } catch (error) {
      server.close(own);
      throw error;
    }
  }

  release(): void {
    this.server.close(this.path);
  }
}

/** Linking is what decides between supervisors that start at the same time: exactly one succeeds. */
function tryLink(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new StartError(`the lock ${path} cannot be made: ${(error as Error).message}`, undefined, error);
  }
}

/** @throws StartError when somebody listens there. */
async function removeStale(path: string, runtimeDirectory: string): Promise<void> {
  await refuseLiving(path);
  const aside = join(runtimeDirectory, `stale-${process.pid}.sock`);
  try {
    renameSync(path, aside);
  } catch {
    return; // Another starting supervisor was quicker.
  }
  try {
    // Between question and renaming another one may have taken the lock: then this is its socket, which goes back.
    await refuseLiving(aside);
  } catch (error) {
    tryLink(aside, path);
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

async function refuseLiving(path: string): Promise<void> {
  let holder = '';
  try {
    const answer = await askControl(path, { type: 'who' }, ASK_TIMEOUT_MS);
    if (Number.isSafeInteger(answer.pid)) holder = ` (process ${Number(answer.pid)})`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ECONNREFUSED' || code === 'ENOENT') return;
  }
  throw new StartError(
    `another supervisor${holder} already runs with these entry points; stop it first, or give this one other addresses`,
  );
}
