// Client and server of ngtcp2, which speak QUIC and HTTP/3, as Debian has them. The server sends one file; both end with the test.

import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { freeUdpPort } from './free-udp-port.ts';
import { endProcess } from './nginx-server.ts';

const CLIENT_TIMEOUT_MS = 30_000;
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

/** A file that says whose it is. */
export function writePage(folder: string, text: string): void {
  writeFileSync(join(folder, 'page'), text);
}

/** Asks for `/page`, under that server name. @returns all that the client prints, with what it has got */
export function quicGet(port: number, serverName: string, ...options: readonly string[]): Promise<string> {
  const uri = `https://${serverName}:${port}/page`;
  const args = [`--sni=${serverName}`, '--exit-on-all-streams-close', '--no-quic-dump', ...options];
  return new Promise((resolve, reject) => {
    const limits = { timeout: CLIENT_TIMEOUT_MS, maxBuffer: OUTPUT_MAX_BYTES };
    execFile(findTool('gtlsclient')!, [...args, '127.0.0.1', String(port), uri], limits, (error, stdout, stderr) => {
      if (error === null) resolve(`${stdout}${stderr}`);
      else reject(new Error(`gtlsclient: ${error.message}\n${stderr.slice(-4_000)}`));
    });
  });
}
