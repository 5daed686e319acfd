// Real servers that speak first or begin TLS in their own way, for tests behind Sluice: PostgreSQL, MariaDB, Redis from Debian, each on
// a loopback port, with data in a folder that goes away with the test. Their services are not started.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { findTool, requireTools, type Tool } from '../../native-bench/src/lab/tools.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { endProcess, listens } from './nginx-server.ts';
import type { CertificateFiles } from './test-authority.ts';

export interface DatabaseServer {
  readonly port: number;
  /** The hard way. */
  stop(): Promise<void>;
}

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

const POSTGRES: readonly Tool[] = [
  { command: 'psql', debianPackage: 'postgresql' },
  { command: 'pgbench', debianPackage: 'postgresql' },
];
const START_MS = 30_000;

/** Where Debian keeps what is not in the path. */
function postgresProgram(name: string): string {
  const found = findTool(name);
  if (found !== undefined) return found;
  const [folder] = execFileSync('sh', ['-c', 'ls -d /usr/lib/postgresql/*/bin | tail -1'], { encoding: 'utf8' }).split(
    '\n',
  );
  return join(folder!, name);
}

/** Databases refuse to run as root. */
function accountOf(name: string): Account {
  if (process.getuid!() !== 0) return {};
  const id = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

function scratch(context: TestContext, name: string, { uid, gid }: Account): string {
  const folder = mkdtempSync(join(tmpdir(), `sluice-${name}-`));
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  if (uid !== undefined) chownSync(folder, uid, gid!);
  return folder;
}

async function run(
  context: TestContext,
  program: string,
  args: readonly string[],
  port: number,
  account: Account,
): Promise<DatabaseServer> {
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], ...account });
  let said = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    said = `${said}${chunk}`.slice(-4_000);
  });
  context.after(() => endProcess(child));
  await eventually(
    () => `${program} listens; it said ${said}`,
    () => listens(port),
    START_MS,
  );
  return { port, stop: () => endProcess(child) };
}

/** An empty cluster, made once for a test; each server gets a copy. Its superuser is `tester`, without a password. */
export class PostgresClusters {
  private readonly context: TestContext;
  private readonly account: Account;
  private readonly template: string;

  constructor(context: TestContext) {
    requireTools(POSTGRES, (line) => context.diagnostic(line));
    this.context = context;
    this.account = accountOf('postgres');
    this.template = join(scratch(context, 'initdb', this.account), 'data');
    const args = ['-D', this.template, '-U', 'tester', '-A', 'trust', '-N', '--locale=C', '-E', 'UTF8'];
    const made = spawnSync(postgresProgram('initdb'), args, { encoding: 'utf8', ...this.account });
    if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`);
  }

  /** Number of the installed version, such as 15. */
  get version(): number {
    const said = execFileSync(postgresProgram('postgres'), ['--version'], { encoding: 'utf8' });
    return Number(/ (\d+)/.exec(said)?.[1]);
  }

  /** @param certificate it speaks TLS with this, to those who ask. @param port default: a free one */
  async start(certificate?: CertificateFiles, port?: number): Promise<DatabaseServer> {
    const { context, account } = this;
    const folder = scratch(context, 'postgres', account);
    const data = join(folder, 'data');
    cpSync(this.template, data, { recursive: true, preserveTimestamps: true });
    const own = port ?? (await freePort());
    const settings = [`listen_addresses = '127.0.0.1'`, `port = ${own}`, `unix_socket_directories = ''`, 'fsync = off'];
    if (certificate !== undefined) {
      cpSync(certificate.certFile, join(data, 'server.crt'));
      cpSync(certificate.keyFile, join(data, 'server.key'));
      settings.push('ssl = on');
    }
    writeFileSync(join(data, 'postgresql.auto.conf'), `${settings.join('\n')}\n`);
    this.own(data);
    return run(context, postgresProgram('postgres'), ['-D', data], own, account);
  }

  private own(data: string): void {
    const { uid, gid } = this.account;
    if (uid !== undefined) execFileSync('chown', ['-R', `${uid}:${gid}`, data]);
    chmodSync(data, 0o700);
    spawnSync('chmod', ['600', join(data, 'server.key')]);
  }
}

/** User `tester` without a password. */
export async function startMariadb(context: TestContext): Promise<DatabaseServer> {
  const tools: readonly Tool[] = [
    { command: 'mariadbd', debianPackage: 'mariadb-server' },
    { command: 'mariadb', debianPackage: 'mariadb-client' },
  ];
  requireTools(tools, (line) => context.diagnostic(line));
  const account = accountOf('mysql');
  const folder = scratch(context, 'mariadb', account);
  const port = await freePort();
  const common = ['--no-defaults', `--datadir=${join(folder, 'data')}`];
  mkdirSync(join(folder, 'data'));
  if (account.uid !== undefined) chownSync(join(folder, 'data'), account.uid, account.gid!);
  const bootstrap = ['--auth-root-authentication-method=normal', '--skip-test-db'];
  const made = spawnSync(findTool('mariadb-install-db')!, [...common, ...bootstrap], { encoding: 'utf8', ...account });
  if (made.status !== 0) throw new Error(`mariadb-install-db: ${made.stdout}${made.stderr}`);
  const init = join(folder, 'init.sql');
  writeFileSync(init, `CREATE USER 'tester'@'%';\nGRANT ALL ON *.* TO 'tester'@'%';\n`, { mode: 0o644 });
  const args = [
    `--port=${port}`,
    '--skip-name-resolve',
    '--bind-address=127.0.0.1',
    `--socket=${join(folder, 's')}`,
    `--init-file=${init}`,
  ];
  return run(context, findTool('mariadbd')!, [...common, ...args], port, account);
}

/** @param certificate it speaks TLS only */
export async function startRedis(context: TestContext, certificate?: CertificateFiles): Promise<DatabaseServer> {
  const tools: readonly Tool[] = [
    { command: 'redis-server', debianPackage: 'redis-server' },
    { command: 'redis-cli', debianPackage: 'redis-tools' },
  ];
  requireTools(tools, (line) => context.diagnostic(line));
  const port = await freePort();
  const listen = certificate === undefined ? ['--port', `${port}`] : ['--port', '0', '--tls-port', `${port}`];
  const tls =
    certificate === undefined
      ? []
      : ['--tls-cert-file', certificate.certFile, '--tls-key-file', certificate.keyFile, '--tls-auth-clients', 'no'];
  const rest = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no'];
  return run(context, findTool('redis-server')!, [...listen, ...tls, ...rest], port, {});
}
