// The upstream servers of a run: both are started once, before the first measurement, and idle where they are not asked.

import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cores } from '../lab/cores.ts';
import { freePort } from '../lab/free-port.ts';
import type { Processes } from '../lab/processes.ts';
import { ask } from '../load/ask.ts';
import { StaticUpstream } from './static-upstream.ts';

const READY_TIMEOUT_MS = 10_000;

export type UpstreamName = 'static' | 'bodies';

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
    const bodies = await processes.start({
      command: [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'bodies-main.ts')],
      cores: cores.upstream,
      openFiles,
      folder,
    });
    const [text] = await Promise.race([once(bodies.child.stdout!, 'data'), once(bodies.child, 'exit')]);
    const bodiesPort = Number(String(text));
    if (!(bodiesPort > 0)) throw bodies.failure('did not start');
    await untilAnswered(staticPort, () => server.failure('does not answer'));
    await untilAnswered(bodiesPort, () => bodies.failure('does not answer'));
    const ports = { static: staticPort, bodies: bodiesPort };
    return { ports, configuration: upstream.configuration, remove: () => upstream.remove() };
  } catch (error) {
    upstream.remove();
    throw error;
  }
}

async function untilAnswered(port: number, failure: () => Error): Promise<void> {
  const deadline = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const reply = await ask({ port }).catch(() => undefined);
    if (reply?.status === 200) return;
    await sleep(20);
  }
  throw failure();
}
