// Runs wrk once and returns what it measured. A closed loop: each connection sends its next request when the answer is there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { LOOPBACK } from '../lab/free-port.ts';
import type { Processes } from '../lab/processes.ts';
import { findTool } from '../lab/tools.ts';
import type { LoadRequest } from './load-request.ts';
import { OPENSSL_CONFIGURATION } from './tls-choices.ts';
import { parseWrkOutput, type WrkResult } from './wrk-output.ts';
import { wrkScript } from './wrk-script.ts';

/** An answer that takes longer counts as a timeout. */
const TIMEOUT = '10s';

export interface WrkRun {
  readonly request: LoadRequest;
  readonly port: number;
  /** With one TLS version, suite and group; connections that are made again resume their session, if they may. */
  readonly inTls: boolean;
  readonly connections: number;
  /** Whole seconds; wrk knows no others. */
  readonly seconds: number;
  readonly cores: readonly number[];
  readonly openFiles: number;
  /** For its script. */
  readonly folder: string;
}

export async function runWrk(processes: Processes, run: WrkRun): Promise<WrkResult> {
  const { request, port, inTls, connections, seconds, cores, openFiles, folder } = run;
  writeFileSync(join(folder, 'wrk.lua'), wrkScript(request));
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', TIMEOUT, '--latency', '-s', 'wrk.lua'];
  const command = [findTool('wrk')!, ...options, `${inTls ? 'https' : 'http'}://${LOOPBACK}:${port}${request.path}`];
  const openssl = join(folder, 'openssl.cnf');
  if (inTls) writeFileSync(openssl, OPENSSL_CONFIGURATION);
  const env = inTls ? { env: { OPENSSL_CONF: openssl } } : {};
  const process = await processes.start({ command, cores, openFiles, folder, ...env });
  const output = await text(process.child.stdout!);
  return parseWrkOutput(output);
}
