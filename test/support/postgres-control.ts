// What becomes of a real PostgreSQL server while it is in use: asked as its superuser, promoted, stopped in the hard way, frozen and
// thawed.

import { once } from 'node:events';
import { join } from 'node:path';
import { PostgresClient } from './postgres-client.ts';
import { type PostgresServer, postgresPassword } from './postgres-server.ts';
import { childrenOf } from './process-view.ts';
import { run, serverUser } from './server-process.ts';

/** User that shows its password as it is. */
export const CLEAR_USER = { user: 'clear', password: postgresPassword('clear') } as const;

/** Through its own socket. @returns what psql prints, without headings */
export function ask({ bin, folder, port }: PostgresServer, sql: string): string {
  const args = ['-h', folder, '-p', `${port}`, '-U', 'postgres', '-d', 'postgres', '-XAtqc', sql];
  return run(join(bin, 'psql'), args, serverUser('postgres'));
}

/** Its processes end at once, and it has to recover when it is started again. */
export async function stopImmediately({ child }: PostgresServer): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGQUIT');
  await ended;
}

/** @returns when it was seen to take writes for the first time, by `performance.now` */
export async function promote(replica: PostgresServer): Promise<number> {
  const direct = await PostgresClient.open({ port: replica.port, ...CLEAR_USER });
  try {
    const data = join(replica.folder, 'data');
    run(join(replica.bin, 'pg_ctl'), ['promote', '-D', data, '-W', '-s'], serverUser('postgres'));
    while ((await direct.query('SELECT pg_is_in_recovery()')) === 't');
    return performance.now();
  } finally {
    direct.close();
  }
}

/** Its connections stand, the kernel accepts more, and nobody answers. @returns undoes it */
export function freeze({ child }: PostgresServer): () => void {
  const processes = [child.pid!, ...childrenOf(child.pid!)];
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of processes) {
      try {
        process.kill(pid, name);
      } catch {
        // Gone already.
      }
    }
  };
  signal('SIGSTOP');
  return () => signal('SIGCONT');
}
