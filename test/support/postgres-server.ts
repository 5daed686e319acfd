// A PostgreSQL of its own on a loopback port, with users for every way of authentication, and replicas of it.

import type { ChildProcess } from 'node:child_process';
import { globSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { requireTools } from '../../native-bench/src/lab/tools.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type AtEnd, run, type ServerUser, serverFolder, serverUser, startProcess } from './server-process.ts';

/** Names are ways of authentication; each has the password `secret of <name>`. */
export const POSTGRES_USERS = ['scram', 'md5', 'clear', 'postgres'] as const;

export function postgresPassword(user: string): string {
  return `secret of ${user}`;
}

export interface PostgresServer {
  readonly port: number;
  readonly folder: string;
  /** Where its programs are. */
  readonly bin: string;
  /** Its first process. */
  readonly child: ChildProcess;
}

const PROGRAMS = '/usr/lib/postgresql/*/bin/postgres';
const ACCESS = `local all all trust
host replication all 127.0.0.1/32 scram-sha-256
host all clear 127.0.0.1/32 password
host all md5 127.0.0.1/32 md5
host all all 127.0.0.1/32 scram-sha-256
`;

/** Folder of its programs, installed when missing. */
export function postgresPrograms(): string {
  // Debian has nothing of it in PATH but wrappers.
  if (globSync(PROGRAMS).length === 0)
    requireTools([{ command: 'pg_ctlcluster', debianPackage: 'postgresql' }], () => {});
  return dirname(globSync(PROGRAMS).sort().at(-1)!);
}

/** @param pair PEM of a certificate and its key: it has TLS. */
export async function startPostgres(
  atEnd: AtEnd,
  pair?: { readonly cert: string; readonly key: string },
): Promise<PostgresServer> {
  const bin = postgresPrograms();
  const user = serverUser('postgres');
  const folder = serverFolder(atEnd, 'postgres', user);
  const data = join(folder, 'data');
  run(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C'],
    user,
  );
  writeFileSync(join(data, 'pg_hba.conf'), ACCESS);
  const args = pair === undefined ? [] : tlsOptions(data, pair, user);
  const server = await launch(atEnd, bin, folder, user, await freePort(), args);
  const statements = POSTGRES_USERS.map((name) => {
    const verb = name === 'postgres' ? 'ALTER' : 'CREATE';
    const kind = name === 'md5' ? 'md5' : 'scram-sha-256';
    return `SET password_encryption = '${kind}'; ${verb} ROLE ${name} LOGIN PASSWORD '${postgresPassword(name)}';`;
  });
  run(join(bin, 'psql'), ['-h', folder, '-p', `${server.port}`, '-U', 'postgres', '-qc', statements.join('\n')], user);
  return server;
}

function tlsOptions(data: string, pair: { readonly cert: string; readonly key: string }, user: ServerUser): string[] {
  const files = { cert: join(data, 'server.crt'), key: join(data, 'server.key') };
  for (const kind of ['cert', 'key'] as const) {
    writeFileSync(files[kind], pair[kind], { mode: 0o600 });
    if (user.uid !== undefined) run('chown', [`${user.uid}:${user.gid}`, files[kind]]);
  }
  return ['-c', 'ssl=on', '-c', `ssl_cert_file=${files.cert}`, '-c', `ssl_key_file=${files.key}`];
}

/** A replica that streams from the primary. @param port default: a free one */
export async function startPostgresReplica(
  atEnd: AtEnd,
  primary: PostgresServer,
  port?: number,
): Promise<PostgresServer> {
  const bin = postgresPrograms();
  const user = serverUser('postgres');
  const folder = serverFolder(atEnd, 'postgres-replica', user);
  const data = join(folder, 'data');
  const source = ['-h', '127.0.0.1', '-p', `${primary.port}`, '-U', 'postgres', '-w'];
  run(join(bin, 'pg_basebackup'), [...source, '-D', data, '-R', '-c', 'fast', '--no-sync'], user, {
    PGPASSWORD: postgresPassword('postgres'),
  });
  return launch(atEnd, bin, folder, user, port ?? (await freePort()), []);
}

async function launch(
  atEnd: AtEnd,
  bin: string,
  folder: string,
  user: ServerUser,
  port: number,
  more: readonly string[],
): Promise<PostgresServer> {
  const args = ['-D', join(folder, 'data'), '-p', `${port}`, '-h', '127.0.0.1', '-k', folder, '-F', ...more];
  const child = startProcess(atEnd, join(bin, 'postgres'), args, user, 'SIGQUIT');
  await eventually('PostgreSQL takes clients', () => {
    if (child.exitCode !== null) throw new Error(`PostgreSQL ended with ${child.exitCode}`);
    return isReady(bin, port);
  });
  return { port, folder, bin, child };
}

function isReady(bin: string, port: number): boolean {
  try {
    run(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', `${port}`]);
    return true;
  } catch {
    return false;
  }
}
