// openssl's s_client as a judge of what a TLS server does: one handshake, told in parts. Certificates are verified, and the
// result is among the parts.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { findTool } from '../../native-bench/src/lab/tools.ts';

export interface SClientOptions {
  readonly port: number;
  /** SNI; without: none is sent. */
  readonly name?: string;
  readonly authorityFile?: string;
  readonly words?: readonly string[];
  /**
   * Typed once the handshake is over, one after the other. A line with `R` alone asks to renegotiate, with `K` for new keys.
   */
  readonly typed?: string | readonly string[];
  /** Ends the input this long after it was typed. Default 150. */
  readonly lingerMs?: number;
}

export interface SClientResult {
  /** Was there a session? */
  readonly connected: boolean;
  readonly version: string;
  readonly cipher: string;
  /** Agreed protocol of ALPN; empty: none. */
  readonly alpn: string;
  /** Group of the key exchange as openssl names it. */
  readonly group: string;
  /** Kind of key that signed, such as `ECDSA` or `RSA-PSS`. */
  readonly signature: string;
  /** Common name of the certificate shown. */
  readonly subject: string;
  /** `0` is good. */
  readonly verified: string;
  readonly resumed: boolean;
  /** Number of the alert that the server sent; 0: none. */
  readonly alert: number;
  /** Everything that it wrote, on both outputs. */
  readonly output: string;
}

const TIMEOUT_MS = 60_000;
const TYPING_MS = 400;

export async function sClient(options: SClientOptions): Promise<SClientResult> {
  const { port, name, authorityFile, words = [], typed = '', lingerMs = 150 } = options;
  const sni = name === undefined ? ['-noservername'] : ['-servername', name];
  const trust = authorityFile === undefined ? [] : ['-CAfile', authorityFile];
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, ...sni, ...trust, ...words];
  const child = spawn(findTool('openssl')!, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const watch = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  child.stdin.on('error', () => {});
  let seen = '';
  // The end of the handshake's report; tickets of TLS 1.3 come behind.
  child.stdout.on('data', (chunk: Buffer) => {
    const had = isReported(seen);
    seen += chunk;
    if (had || !isReported(seen)) return;
    void type(child.stdin, typeof typed === 'string' ? [typed] : typed, lingerMs);
  });
  const outputs = Promise.all([text(child.stdout), text(child.stderr)]);
  await once(child, 'exit');
  clearTimeout(watch);
  return resultOf((await outputs).join('\n'));
}

/** Each piece has to be read on its own, or openssl takes all for one command. */
async function type(input: Writable, pieces: readonly string[], lingerMs: number): Promise<void> {
  for (const piece of pieces) {
    if (piece === '') continue;
    input.write(piece);
    await sleep(TYPING_MS);
  }
  await sleep(lingerMs);
  input.end();
}

function isReported(output: string): boolean {
  return /Verify return code: .*\n/.test(output);
}

function resultOf(output: string): SClientResult {
  const part = (pattern: RegExp) => pattern.exec(output)?.[1]?.trim() ?? '';
  const session = /^(?:New|Reused), (\S+), Cipher is (\S+)/m.exec(output);
  return {
    connected: session !== null && session[2] !== '(NONE)',
    version: part(/^ {4}Protocol {2}: (.*)$/m) || (session?.[1] ?? ''),
    cipher: session?.[2] ?? '',
    alpn: part(/^ALPN protocol: (.*)$/m),
    group: part(/^Server Temp Key: (.*), \d+ bits$/m),
    signature: part(/^Peer signature type: (.*)$/m),
    subject: part(/^subject=(?:.*CN ?= ?)(.*)$/m),
    verified: part(/^ *Verify return code: (\d+)/m),
    resumed: /^Reused, /m.test(output),
    alert: Number(/SSL alert number (\d+)/.exec(output)?.[1] ?? 0),
    output,
  };
}
