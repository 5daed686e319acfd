// Runs h2load once and returns what it measured: HTTP/2 in TLS, or without. A closed loop: each of so many streams of each
// connection sends its next request when the answer is there.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { LOOPBACK } from '../lab/free-port.ts';
import type { Processes } from '../lab/processes.ts';
import { findTool, type Tool } from '../lab/tools.ts';
import { type H2loadResult, parseH2loadOutput } from './h2load-output.ts';
import { bodyOf, type LoadRequest } from './load-request.ts';
import { GROUP, SUITE } from './tls-choices.ts';

export const H2LOAD: Tool = { command: 'h2load', debianPackage: 'nghttp2-client' };

const BODY_FILE = 'h2load-body';

export interface H2loadRun {
  readonly request: LoadRequest;
  readonly port: number;
  readonly inTls: boolean;
  readonly connections: number;
  /** Of each connection, at a time. */
  readonly streams: number;
  readonly seconds: number;
  readonly cores: readonly number[];
  readonly openFiles: number;
  /** For the body it sends. */
  readonly folder: string;
}

export async function runH2load(processes: Processes, run: H2loadRun): Promise<H2loadResult> {
  const { request, cores, openFiles, folder } = run;
  if (request.body !== undefined) writeFileSync(join(folder, BODY_FILE), bodyOf(request.body), 'latin1');
  const command = [findTool(H2LOAD.command)!, ...h2loadArguments(run)];
  const process = await processes.start({ command, cores, openFiles, folder });
  return parseH2loadOutput(await text(process.child.stdout!));
}

/** The authority of the URL is what is asked for; where it is, is another option. */
export function h2loadArguments({ request, port, inTls, connections, streams, seconds }: H2loadRun): string[] {
  const fields = Object.entries(request.headers).flatMap(([name, value]) => ['-H', `${name.toLowerCase()}: ${value}`]);
  return [
    '-t1',
    `-c${connections}`,
    `-m${streams}`,
    `-D${seconds}`,
    `--connect-to=${LOOPBACK}:${port}`,
    ...(inTls ? [`--tls13-ciphers=${SUITE}`, `--groups=${GROUP}`] : []),
    ...fields,
    ...(request.body === undefined ? [] : ['-d', BODY_FILE]),
    `${inTls ? 'https' : 'http'}://${request.host}${request.path}`,
  ];
}
