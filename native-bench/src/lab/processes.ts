// Every process of a benchmark is started here and ended here, by its number, with all its descendants, also when the
// benchmark fails or is interrupted. Never ends a process by its name.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessStat, readStat, readTree } from './process-table.ts';

/** How long a program may take to end after SIGTERM. Longer than what a drain is given. */
const STOP_TIMEOUT_MS = 15_000;
const KILL_TIMEOUT_MS = 5_000;

export interface LaunchOptions {
  readonly command: readonly string[];
  /** Numbers of the processors it may use, threads and descendants included. */
  readonly cores: readonly number[];
  /** Both limits of open descriptors. Only root may raise the hard one. */
  readonly openFiles: number;
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What it writes goes into this file. Without: standard output is a pipe, read by the caller. */
  readonly log?: string;
}

export class LabProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  private readonly log: string | undefined;
  private readonly title: string;
  private readonly ended: Promise<void>;

  constructor(child: ChildProcess, options: LaunchOptions) {
    this.child = child;
    this.pid = child.pid ?? 0;
    this.log = options.log;
    this.title = options.command[0]!;
    this.ended = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null || this.pid === 0;
  }

  /** Everything it wrote to its log, at most the end of it. */
  get said(): string {
    if (this.log === undefined) return '';
    return readFileSync(this.log, 'utf8').slice(-4_000);
  }

  /** An error for a process that ended too early. */
  failure(what: string): Error {
    const { exitCode, signalCode } = this.child;
    return new Error(`${this.title} ${what} (${exitCode ?? signalCode ?? 'still running'})\n${this.said}`.trim());
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Asks it to end and, in vain, ends it; what it leaves behind is ended too. */
  async stop(): Promise<void> {
    if (this.pid === 0) return;
    const family = readTree(this.pid);
    if (!this.hasEnded) {
      this.child.kill('SIGTERM');
      await Promise.race([this.ended, sleep(STOP_TIMEOUT_MS, undefined, { ref: false })]);
    }
    if (!this.hasEnded) family.push(...readTree(this.pid));
    await endAll(family);
    if (!this.hasEnded) await this.ended;
  }
}

/** SIGKILL to those that still live and are the same processes as before. */
async function endAll(family: readonly ProcessStat[]): Promise<void> {
  const living = () => family.filter(({ pid, startedTicks }) => readStat(pid)?.startedTicks === startedTicks);
  const deadline = performance.now() + KILL_TIMEOUT_MS;
  for (let left = living(); left.length > 0 && performance.now() < deadline; left = living()) {
    for (const { pid } of left) killQuietly(pid);
    await sleep(10);
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}

export class Processes {
  private readonly running = new Set<LabProcess>();
  private closed = false;

  /** @throws Error when the program cannot be started, or everything is being stopped. */
  async start(options: LaunchOptions): Promise<LabProcess> {
    if (this.closed) throw new Error('the benchmark is ending');
    const { command, cores, openFiles, folder, env, log } = options;
    // Both tools replace themselves by the program, so that the number of the child is that of the program.
    const pinned = ['taskset', '-c', cores.join(','), 'prlimit', `--nofile=${openFiles}:${openFiles}`, ...command];
    const output = log === undefined ? 'pipe' : openSync(log, 'a');
    const child = spawn(pinned[0]!, pinned.slice(1), {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: [log === undefined ? 'pipe' : 'ignore', output, log === undefined ? 'inherit' : output],
      // Away from the terminal: a Ctrl-C reaches the benchmark only, which then stops everything in order.
      detached: true,
    });
    const started = new LabProcess(child, options);
    this.running.add(started);
    child.once('exit', () => this.running.delete(started));
    if (typeof output === 'number') closeSync(output);
    if (child.pid === undefined) {
      const [error] = await once(child, 'error');
      throw error;
    }
    return started;
  }

  /** Nothing can be started any more afterwards. */
  async stopAll(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.running].map((each) => each.stop()));
  }
}
