// Sluice as a child process, started the way anybody starts it: the `sluice` command with a configuration file.
// Waits until it answers and makes sure that it ends.

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';

const START_TIMEOUT_MS = 20_000;
/** Longer than the drain that the configuration allows. */
const STOP_TIMEOUT_MS = 15_000;

export class SluiceProcess {
  private readonly child: ChildProcess;
  private ended = false;

  /** @param folder with `sluice.yaml`; relative paths in it are relative to this folder. */
  constructor(folder: string) {
    const cli = join(import.meta.dirname, '../../packages/cli');
    const { bin } = JSON.parse(readFileSync(join(cli, 'package.json'), 'utf8'));
    const command = join(cli, typeof bin === 'string' ? bin : bin.sluice);
    const args = [command, 'run', '--configFile=sluice.yaml'];
    // In a process group of its own: a terminal's Ctrl-C reaches the one who started it, who then asks it to stop, once.
    const options: SpawnOptions = { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'], detached: true };
    this.child = spawn(process.execPath, args, options);
    this.child.once('exit', () => {
      this.ended = true;
    });
    this.child.once('error', () => {
      this.ended = true;
    });
  }

  /** @throws Error when Sluice ends or does not answer in time. */
  async untilReady(port: number): Promise<void> {
    const end = performance.now() + START_TIMEOUT_MS;
    while (!(await answers(port))) {
      if (this.ended) throw new Error('Sluice ended before it was ready; see the lines above');
      if (performance.now() > end) throw new Error(`Sluice does not answer on port ${port}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Resolves with the exit code, or the name of the signal. */
  async untilEnd(): Promise<number | string> {
    if (this.ended) return this.child.exitCode ?? this.child.signalCode ?? 1;
    const [code, signal] = await once(this.child, 'exit');
    return code ?? signal;
  }

  async stop(): Promise<void> {
    if (this.ended) return;
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await this.untilEnd();
    clearTimeout(timer);
  }
}

/** The kernel accepts connections before a worker is there: an answer, whatever it is, means that one serves. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const outgoing = get({ host: '127.0.0.1', port, agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(true);
    });
    outgoing.once('timeout', () => outgoing.destroy());
    outgoing.once('error', () => resolve(false));
  });
}
