// The upstream servers of a run: all are started once, before the first measurement, and idle where they are not asked.

import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cores } from '../lab/cores.ts';
import { freePort } from '../lab/free-port.ts';
import type { LaunchOptions, Processes } from '../lab/processes.ts';
import { ask } from '../load/ask.ts';
import type { UpstreamProtocol } from '../proxies/proxy.ts';
import { StaticUpstream } from './static-upstream.ts';

const READY_TIMEOUT_MS = 10_000;

export type UpstreamName = 'static' | 'bodies' | 'grpc';

export const UPSTREAM_PROTOCOLS: Readonly<Record<UpstreamName, UpstreamProtocol>> = {
  static: 'http',
  bodies: 'http',
  grpc: 'h2c',
};

export interface Upstreams {
  readonly ports: Readonly<Record<UpstreamName, number>>;
  /** Of the static one, for the report. */
  readonly configuration: string;
  /** Removes files in memory; processes are stopped with all others. */
  remove(): void;
}

export async function startUpstreams(
  processes: Processes,
  cores: Cores,
  folder: string,
  openFiles: number,
): Promise<Upstreams> {
  const staticPort = await freePort();
  const upstream = new StaticUpstream(join(folder, 'upstream'), staticPort);
  try {
    const server = await processes.start(upstream.launch(cores.upstream, openFiles));
    const own = (program: string) => startOwn(processes, program, { cores: cores.upstream, openFiles, folder });
    const ports = { static: staticPort, bodies: await own('bodies-main.ts'), grpc: await own('grpc-main.ts') };
    await untilAnswered(staticPort, 'http', () => server.failure('does not answer'));
    await untilAnswered(ports.bodies, 'http', () => new Error('the upstream for bodies does not answer'));
    await untilAnswered(ports.grpc, 'h2c', () => new Error('the upstream for gRPC does not answer'));
    return { ports, configuration: upstream.configuration, remove: () => upstream.remove() };
  } catch (error) {
    upstream.remove();
    throw error;
  }
}

/** One of our programs, which prints its port. */
async function startOwn(
  processes: Processes,
  program: string,
  options: Pick<LaunchOptions, 'cores' | 'openFiles' | 'folder'>,
): Promise<number> {
  const command = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, program)];
  const server = await processes.start({ ...options, command });
  const [text] = await Promise.race([once(server.child.stdout!, 'data'), once(server.child, 'exit')]);
  const port = Number(String(text));
  if (!(port > 0)) throw server.failure('did not start');
  return port;
}

async function untilAnswered(port: number, protocol: UpstreamProtocol, failure: () => Error): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const reply = await ask({ port, protocol }).catch(() => undefined);
    if (reply?.status === 200) return;
    await sleep(20);
  }
  throw failure();
}
