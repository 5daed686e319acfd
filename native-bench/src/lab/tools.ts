// The programs that a benchmark or a test of the whole needs: found in PATH, installed from Debian when missing and root,
// named in one sentence when neither. Starts no service of theirs.

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, resolve } from 'node:path';

export interface Tool {
  readonly command: string;
  /** Package of Debian and Ubuntu. Without: only used where it is installed already. */
  readonly debianPackage?: string;
  /** For what is no program of its own: `command` is only its name then. */
  readonly isThere?: () => boolean;
}

/** What every run needs besides the proxies. */
export const BASE_TOOLS: readonly Tool[] = [
  { command: 'wrk', debianPackage: 'wrk' },
  { command: 'taskset', debianPackage: 'util-linux' },
  { command: 'prlimit', debianPackage: 'util-linux' },
  // The upstream server of most scenarios.
  { command: 'nginx', debianPackage: 'nginx' },
];

/** Debian puts servers into sbin, which is not in everybody's PATH. */
const SEARCHED = [...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];

/** Debian asks this file before a package starts its service on installation; 101: don't. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

/** Seconds; somebody else may be installing something. */
const LOCK_WAIT = '-oDPkg::Lock::Timeout=120';

/** Absolute path, or undefined. @param command may be one already. */
export function findTool(command: string): string | undefined {
  return SEARCHED.map((folder) => resolve(folder, command)).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Which of them are missing. */
export function missingTools(tools: readonly Tool[]): Tool[] {
  return tools.filter(({ command, isThere }) => !(isThere?.() ?? findTool(command) !== undefined));
}

/**
 * @param elseDo another way out, for the sentence.
 * @throws Error with what to do, when something stays missing.
 */
export function requireTools(tools: readonly Tool[], say: (line: string) => void, elseDo?: string): void {
  const missing = missingTools(tools);
  if (missing.length === 0) return;
  const foreign = missing.filter(({ debianPackage }) => debianPackage === undefined);
  if (foreign.length > 0) throw new Error(`${namesOf(foreign)} not found in PATH, and Debian has no package of it.`);
  const packages = [...new Set(missing.map(({ debianPackage }) => debianPackage!))];
  if (process.getuid!() !== 0 || findTool('apt-get') === undefined) {
    const ways = [`apt-get install ${packages.join(' ')}`, ...(elseDo === undefined ? [] : [elseDo])];
    throw new Error(`${namesOf(missing)} not found in PATH. On Debian or Ubuntu, as root: ${ways.join('; or ')}.`);
  }
  say(`installing ${packages.join(', ')} with apt-get`);
  install(packages);
  const left = missingTools(tools);
  if (left.length > 0) throw new Error(`${namesOf(left)} not there after the installation`);
}

function namesOf(tools: readonly Tool[]): string {
  return tools.map(({ command }) => command).join(', ');
}

function install(packages: readonly string[]): void {
  const own = !existsSync(SERVICE_POLICY);
  // Servers of these packages would listen on all interfaces.
  if (own) writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    aptGet(['update', '-q']);
    aptGet(['install', '-y', '-q', '--no-install-recommends', LOCK_WAIT, ...packages]);
  } finally {
    if (own) rmSync(SERVICE_POLICY, { force: true });
  }
}

function aptGet(args: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stdout, stderr, error } = spawnSync('apt-get', args, { env, encoding: 'utf8' });
  if (status !== 0) {
    throw new Error(
      `"apt-get ${args.join(' ')}" failed${error ? `: ${error.message}` : ''}\n${stdout}${stderr}`.trim(),
    );
  }
}

/** First line that a program prints for these arguments, on either output; some do it with a failing exit code. */
export function firstLineOf(command: string, args: readonly string[]): string {
  return linesOf(command, args)[0]!.trim();
}

/** All lines that it prints, on either output. */
export function linesOf(command: string, args: readonly string[]): string[] {
  return outputOf(command, args).trim().split('\n');
}

/** `, OpenSSL 3.0.0` as a program names the library it runs with, among much else; empty when it names none. */
export function opensslOf(command: string, args: readonly string[]): string {
  return opensslIn(outputOf(command, args));
}

export function opensslIn(text: string): string {
  const version =
    /running (?:with|on) OpenSSL(?: version :)? (?:OpenSSL )?(\S+)/i.exec(text) ??
    /built with OpenSSL (\S+)/i.exec(text);
  return version === null ? '' : `, OpenSSL ${version[1]}`;
}

function outputOf(command: string, args: readonly string[]): string {
  const { stdout, stderr, error } = spawnSync(findTool(command) ?? command, args, {
    encoding: 'utf8',
    timeout: 10_000,
  });
  if (error !== undefined) throw error;
  return `${stdout}${stderr}`;
}
