// The programs of nghttp2: its client, its server, and its load generator, which are strict about HTTP/2. They come from Debian;
// processes end with the test.

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { endProcess, listens } from './nginx-server.ts';
import type { CertificateFiles } from './test-authority.ts';

const TOOLS = [
  { command: 'nghttp', debianPackage: 'nghttp2-client' },
  { command: 'h2load', debianPackage: 'nghttp2-client' },
  { command: 'nghttpd', debianPackage: 'nghttp2-server' },
];
const TIMEOUT_MS = 60_000;
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

/** @throws Error in one sentence when they are missing and cannot be installed. */
export function requireNghttp2(context: TestContext): void {
  requireTools(TOOLS, (line) => context.diagnostic(line));
}

export interface NghttpdOptions {
  /** Content by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** With them it speaks TLS, otherwise cleartext. */
  readonly certificate?: CertificateFiles;
  readonly words?: readonly string[];
}

/** A server of files that sends uploads back. @returns its port. */
export async function startNghttpd(context: TestContext, options: NghttpdOptions = {}): Promise<number> {
  requireNghttp2(context);
  const { files = {}, certificate, words = [] } = options;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-nghttpd-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const port = await freePort();
  const tls = certificate === undefined ? [] : [certificate.keyFile, certificate.certFile];
  const plain = certificate === undefined ? ['--no-tls'] : [];
  const args = ['-a', '127.0.0.1', '-d', folder, '--echo-upload', ...plain, ...words, `${port}`, ...tls];
  const child = spawn(findTool('nghttpd')!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  context.after(async () => {
    await endProcess(child);
    rmSync(folder, { recursive: true, force: true });
  });
  await eventually('nghttpd listens', () => listens(port));
  return port;
}

/** What nghttp writes: bodies, or with `-v` the frames. Names are told by `-H':authority: …'`; certificates are not checked. */
export async function nghttp(...args: readonly string[]): Promise<Buffer> {
  const { stdout } = await promisify(execFile)(findTool('nghttp')!, ['-y', '-t', '20', ...args], {
    encoding: 'buffer',
    maxBuffer: OUTPUT_MAX_BYTES,
    timeout: TIMEOUT_MS,
  });
  return stdout;
}

export interface H2loadResult {
  readonly protocol: string;
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly errored: number;
  readonly timeout: number;
  readonly status2xx: number;
}

/** Runs it and gives its counts. */
export async function h2load(...args: readonly string[]): Promise<H2loadResult> {
  const { stdout } = await promisify(execFile)(findTool('h2load')!, [...args], { timeout: TIMEOUT_MS });
  const number = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1] ?? Number.NaN);
  return {
    protocol: /^Application protocol: (.*)$/m.exec(stdout)?.[1] ?? '',
    total: number(/^requests: (\d+) total/m),
    succeeded: number(/(\d+) succeeded/),
    failed: number(/(\d+) failed/),
    errored: number(/(\d+) errored/),
    timeout: number(/(\d+) timeout/),
    status2xx: number(/^status codes: (\d+) 2xx/m),
  };
}
