// Runs one of our load programs once, as a process of its own on the core of the load: it says that it is ready, is told to go, and
// prints its result as JSON.

import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import { LineClient } from './line-client.ts';

/** Of one in TypeScript, which is given its plan as JSON. */
export function commandOf(program: 'handshakes-main.ts', plan: object): string[] {
  const path = join(import.meta.dirname, program);
  return [process.execPath, '--disable-warning=ExperimentalWarning', path, JSON.stringify(plan)];
}

/** @param whenReady called when the measured part is about to begin. */
export async function runProgram<Result>(
  { processes, cores, openFiles, folder }: Lab,
  command: readonly string[],
  whenReady: () => void,
): Promise<Result> {
  const process = await processes.start({ command, cores: cores.load, openFiles, folder });
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
