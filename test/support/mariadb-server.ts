// A MariaDB of its own on a loopback port, with a user that may log in. It comes from Debian; the service that the package has is
// not started.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { listens } from './nginx-server.ts';
import { type AtEnd, run, serverFolder, serverUser, startProcess } from './server-process.ts';

export const MARIADB_USER = { user: 'checker', password: 'secret of checker', database: 'shop' } as const;
/** In a way that health checks do not know. */
export const MARIADB_OTHER_USER = { user: 'modern', password: 'secret of modern' } as const;

/**
 * @param files of a certificate and its key: it has TLS.
 * @param options more of them, such as `--read-only`.
 * @returns its port.
 */
export async function startMariadb(
  atEnd: AtEnd,
  files: { readonly cert: string; readonly key: string } | undefined,
  options: readonly string[] = [],
): Promise<number> {
  requireTools([{ command: 'mariadbd', debianPackage: 'mariadb-server' }], () => {});
  const user = serverUser('mysql');
  const folder = serverFolder(atEnd, 'mariadb', user);
  const data = join(folder, 'data');
  const common = ['--no-defaults', `--datadir=${data}`];
  run(findTool('mariadb-install-db')!, [...common, '--auth-root-authentication-method=normal', '--skip-test-db'], user);
  const init = join(folder, 'init.sql');
  writeFileSync(init, statements(), { mode: 0o644 });
  const port = await freePort();
  const places = [`--port=${port}`, '--bind-address=127.0.0.1', `--socket=${join(folder, 's')}`, `--init-file=${init}`];
  const tls = files === undefined ? [] : [`--ssl-cert=${files.cert}`, `--ssl-key=${files.key}`];
  const more = ['--innodb-buffer-pool-size=8M', '--innodb-flush-method=nosync', '--plugin-load-add=auth_ed25519'];
  const args = [...common, ...places, ...tls, ...more, ...options];
  const child = startProcess(atEnd, findTool('mariadbd')!, args, user, 'SIGTERM');
  await eventually('MariaDB takes clients', () => {
    if (child.exitCode !== null) throw new Error(`MariaDB ended with ${child.exitCode}`);
    return listens(port);
  });
  return port;
}

function statements(): string {
  const { user, password, database } = MARIADB_USER;
  const lines = [
    `CREATE DATABASE ${database}`,
    `CREATE USER ${user}@'127.0.0.1' IDENTIFIED BY '${password}'`,
    `CREATE USER ${user}@'localhost' IDENTIFIED BY '${password}'`,
    `GRANT SELECT ON ${database}.* TO ${user}@'127.0.0.1'`,
    `GRANT SELECT ON ${database}.* TO ${user}@'localhost'`,
    `CREATE USER ${MARIADB_OTHER_USER.user}@'127.0.0.1' IDENTIFIED VIA ed25519 USING PASSWORD('${MARIADB_OTHER_USER.password}')`,
    `CREATE USER ${MARIADB_OTHER_USER.user}@'localhost' IDENTIFIED VIA ed25519 USING PASSWORD('${MARIADB_OTHER_USER.password}')`,
  ];
  return lines.map((line) => `${line};\n`).join('');
}
