// Runs the steady load once, as a process of its own on the core of the load.

import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import { LineClient } from './line-client.ts';
import type { SteadyPlan, SteadyResult } from './steady-plan.ts';

const PROGRAM = join(import.meta.dirname, 'steady-main.ts');

export async function runSteady({ processes, cores, openFiles, folder }: Lab, plan: SteadyPlan): Promise<SteadyResult> {
  const process = await processes.start({
    command: [globalThis.process.execPath, PROGRAM, JSON.stringify(plan)],
    cores: cores.load,
    openFiles,
    folder,
  });
  try {
    return JSON.parse(await new LineClient(process).next());
  } finally {
    await process.stop();
  }
}
