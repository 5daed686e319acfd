// Runs pgbench once and returns what it measured: its select-only script as prepared statements, which costs the database least. A closed
// loop: each client sends its next transaction when the answer is there.

import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { postgresPrograms } from '../../../test/support/postgres-server.ts';
import { LOOPBACK } from '../lab/free-port.ts';
import type { Lab } from '../lab/lab.ts';
import type { Tool } from '../lab/tools.ts';
import { type PgbenchResult, parsePgbenchOutput } from './pgbench-output.ts';
import { POSTGRES_DATABASE, POSTGRES_USER } from './postgres-names.ts';

export const PGBENCH: Tool = { command: 'pgbench', debianPackage: 'postgresql' };

export async function runPgbench(
  { processes, cores, openFiles, folder }: Lab,
  port: number,
  clients: number,
  seconds: number,
): Promise<PgbenchResult> {
  const script = ['-n', '-S', '-M', 'prepared', '-c', String(clients), '-j', '1', '-T', String(seconds)];
  const where = ['-h', LOOPBACK, '-p', String(port), '-U', POSTGRES_USER, POSTGRES_DATABASE];
  const process = await processes.start({
    command: [join(postgresPrograms(), 'pgbench'), ...script, ...where],
    cores: cores.load,
    openFiles,
    folder,
    env: { PGSSLMODE: 'disable', LC_ALL: 'C' },
  });
  return parsePgbenchOutput(await text(process.child.stdout!));
}
