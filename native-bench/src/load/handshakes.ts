// Runs the load of handshakes once, as a process of its own on the core of the load.

import { join } from 'node:path';
import type { Lab } from '../lab/lab.ts';
import type { HandshakesPlan, HandshakesResult } from './handshakes-plan.ts';
import { LineClient } from './line-client.ts';

const PROGRAM = join(import.meta.dirname, 'handshakes-main.ts');

/** @param whenReady called when the measured part is about to begin: sessions to resume are there. */
export async function runHandshakes(lab: Lab, plan: HandshakesPlan, whenReady: () => void): Promise<HandshakesResult> {
  const { processes, cores, openFiles, folder } = lab;
  const process = await processes.start({
    command: [globalThis.process.execPath, '--disable-warning=ExperimentalWarning', PROGRAM, JSON.stringify(plan)],
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
