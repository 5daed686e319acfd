// The upstream servers of a run: those that its scenarios need are started once, before the first measurement, and idle where they are
// not asked.

import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { compiled } from '../lab/compile.ts';
import type { Cores } from '../lab/cores.ts';
import { freePort } from '../lab/free-port.ts';
import type { LaunchOptions, Processes } from '../lab/processes.ts';
import { probe } from '../load/probe.ts';
import type { UpstreamProtocol } from '../proxies/proxy.ts';
import { PostgresUpstream } from './postgres-upstream.ts';
import { StaticUpstream } from './static-upstream.ts';

const READY_TIMEOUT_MS = 10_000;

export type UpstreamName = 'static' | 'bodies' | 'grpc' | 'exchanges' | 'postgres' | 'echo' | 'gathered-echo';

export const UPSTREAM_PROTOCOLS: Readonly<Record<UpstreamName, UpstreamProtocol>> = {
  static: 'http',
  bodies: 'http',
  grpc: 'h2c',
  exchanges: 'exchanges',
  postgres: 'postgres',
  echo: 'echo',
  'gathered-echo': 'echo',
};

type OwnName = Exclude<UpstreamName, 'static' | 'postgres'>;

/** Our own ones; those of TCP and UDP are in C++. */
function commandOf(name: OwnName, folder: string): string[] {
  if (name === 'echo') return [compiled('datagram-echo', folder)];
  if (name === 'gathered-echo') return [compiled('datagram-echo', folder), 'gather'];
  if (name === 'exchanges') return [compiled('exchange-server', folder)];
  const program = { bodies: 'bodies-main.ts', grpc: 'grpc-main.ts' }[name];
  return [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, program)];
}

export interface Upstreams {
  /** Of those that were started. */
  readonly ports: ReadonlyMap<UpstreamName, number>;
  /** Of the static one, for the report. */
  readonly configuration: string;
  /** Removes files; processes are stopped with all others, and have been. */
  remove(): Promise<void>;
}

/** @param names which; `static` is always among them. */
export async function startUpstreams(
  processes: Processes,
  names: ReadonlySet<UpstreamName>,
  cores: Cores,
  folder: string,
  openFiles: number,
): Promise<Upstreams> {
  const upstream = new StaticUpstream(join(folder, 'upstream'), await freePort());
  const removals = [async () => upstream.remove()];
  const remove = async () => {
    for (const each of removals) await each();
  };
  const ports = new Map<UpstreamName, number>([['static', upstream.port]]);
  try {
    await processes.start(upstream.launch(cores.upstream, openFiles));
    for (const name of names) {
      if (name === 'static') continue;
      if (name === 'postgres') {
        const postgres = new PostgresUpstream(await freePort());
        removals.push(() => postgres.remove());
        await postgres.fill(await processes.start(postgres.launch(cores.upstream, openFiles)));
        ports.set(name, postgres.port);
      } else
        ports.set(
          name,
          await startOwn(processes, { command: commandOf(name, folder), cores: cores.upstream, openFiles, folder }),
        );
    }
    for (const [name, port] of ports) await untilAnswered(name, port);
    return { ports, configuration: upstream.configuration, remove };
  } catch (error) {
    await processes.stopAll();
    await remove();
    throw error;
  }
}

/** One of our programs, which prints its port. */
async function startOwn(processes: Processes, options: LaunchOptions): Promise<number> {
  const server = await processes.start(options);
  const [text] = await Promise.race([once(server.child.stdout!, 'data'), once(server.child, 'exit')]);
  const port = Number(String(text));
  if (!(port > 0)) throw server.failure('did not start');
  return port;
}

async function untilAnswered(name: UpstreamName, port: number): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    try {
      await probe(port, UPSTREAM_PROTOCOLS[name]);
      return;
    } catch (error) {
      if (performance.now() > deadline)
        throw new Error(`the upstream "${name}" is not ready: ${(error as Error).message}`);
    }
    await sleep(20);
  }
}
