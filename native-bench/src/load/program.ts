// Runs one of our load programs once, as a process of its own on the core of the load: it is given a plan as JSON, says that it is ready,
// is told to go, and prints its result as JSON.

import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import { LineClient } from './line-client.ts';

export type LoadProgram = 'handshakes-main.ts' | 'exchanges-main.ts' | 'datagrams-main.ts';

/** @param whenReady called when the measured part is about to begin. */
export async function runProgram<Result>(
  { processes, cores, openFiles, folder }: Lab,
  program: LoadProgram,
  plan: object,
  whenReady: () => void,
): Promise<Result> {
  const path = join(import.meta.dirname, program);
  const process = await processes.start({
    command: [globalThis.process.execPath, '--disable-warning=ExperimentalWarning', path, JSON.stringify(plan)],
    cores: cores.load,
    openFiles,
    folder,
  });
  try {
    const client = new LineClient(process);
    await client.next();
    whenReady();
    client.say('go');
    return JSON.parse(await client.next());
  } finally {
    await process.stop();
  }
}
