// A PostgreSQL with the tables of pgbench, which answers from memory: what is behind a proxy of databases. Its processor time is
// measured nowhere.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { postgresPrograms } from '../../../test/support/postgres-server.ts';
import { run, type ServerUser, serverFolder, serverUser } from '../../../test/support/server-process.ts';
import { LOOPBACK } from '../lab/free-port.ts';
import type { LabProcess, LaunchOptions } from '../lab/processes.ts';
import { askPostgres } from '../load/ask-postgres.ts';
import { POSTGRES_DATABASE, POSTGRES_USER } from '../load/postgres-names.ts';

const READY_TIMEOUT_MS = 30_000;

export class PostgresUpstream {
  readonly port: number;
  private readonly folder: string;
  private readonly programs: string;
  private readonly user: ServerUser;
  private readonly ends: (() => Promise<void>)[] = [];

  /** Makes an empty cluster; `remove` removes it. */
  constructor(port: number) {
    this.port = port;
    this.programs = postgresPrograms();
    this.user = serverUser('postgres');
    this.folder = serverFolder((end) => this.ends.push(end), 'bench-postgres', this.user);
    const options = ['-U', POSTGRES_USER, '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'];
    run(this.program('initdb'), ['-D', this.data, ...options], this.user);
  }

  /** It refuses to run as root. */
  launch(cores: readonly number[], openFiles: number): LaunchOptions {
    const { uid, gid } = this.user;
    const as = uid === undefined ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
    const options = ['-p', String(this.port), '-h', LOOPBACK, '-k', this.folder, '-F'];
    const command = [...as, this.program('postgres'), '-D', this.data, ...options];
    return { command, cores, openFiles, folder: this.folder, log: join(this.folder, 'output.log') };
  }

  /** Waits until it takes clients, and fills its tables. */
  async fill(server: LabProcess): Promise<void> {
    const deadline = performance.now() + READY_TIMEOUT_MS;
    for (;;) {
      if (server.hasEnded) throw server.failure('ended');
      try {
        await askPostgres(this.port);
        break;
      } catch (error) {
        if (performance.now() > deadline) throw error;
      }
      await sleep(50);
    }
    const where = ['-h', LOOPBACK, '-p', String(this.port), '-U', POSTGRES_USER];
    run(this.program('pgbench'), ['-i', '-q', ...where, POSTGRES_DATABASE]);
  }

  async remove(): Promise<void> {
    for (const end of this.ends) await end();
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  private program(name: string): string {
    return join(this.programs, name);
  }
}
