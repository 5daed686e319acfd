// Client and server of ngtcp2, which speak QUIC and HTTP/3, as Debian has them. The server sends one file; both end with the test.

import { execFile, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { freeUdpPort } from './free-udp-port.ts';
import { endProcess } from './nginx-server.ts';

const CLIENT_TIMEOUT_MS = 60_000;
const OUTPUT_MAX_BYTES = 64 * 1024 * 1024;

export interface QuicCertificate {
  readonly keyFile: string;
  readonly certificateFile: string;
}

/** @throws Error in one sentence when one of them is missing and cannot be installed. */
export function requireQuicTools(context: TestContext): void {
  const tools = [
    { command: 'gtlsclient', debianPackage: 'ngtcp2-client' },
    { command: 'gtlsserver', debianPackage: 'ngtcp2-server' },
  ];
  requireTools(tools, (line) => context.diagnostic(line));
}

/** @param folder what is in it can be asked for @returns `host:port` */
export async function startQuicServer(
  context: TestContext,
  folder: string,
  { keyFile, certificateFile }: QuicCertificate,
  ...options: readonly string[]
): Promise<string> {
  const port = await freeUdpPort();
  const args = [...options, '--quiet', `--htdocs=${folder}`, '127.0.0.1', String(port), keyFile, certificateFile];
  const child = spawn(findTool('gtlsserver')!, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  context.after(() => endProcess(child));
  return `127.0.0.1:${port}`;
}

/** Asks for `/page` under the server name `localhost`, the only one that the client knows. @param into folder for what it gets */
export function quicGet(port: number, into: string, ...options: readonly string[]): Promise<void> {
  const uri = `https://localhost:${port}/page`;
  const args = [
    '--quiet',
    '--exit-on-all-streams-close',
    `--download=${into}`,
    ...options,
    '127.0.0.1',
    String(port),
    uri,
  ];
  return new Promise((resolve, reject) => {
    const limits = { timeout: CLIENT_TIMEOUT_MS, maxBuffer: OUTPUT_MAX_BYTES };
    execFile(findTool('gtlsclient')!, args, limits, (error, stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(`gtlsclient: ${error.message}\n${`${stdout}${stderr}`.slice(-4_000)}`));
    });
  });
}
