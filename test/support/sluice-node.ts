// One running `sluice` command, as an operator sees it: log lines, exit code, signals, the processes it consists of.
// Knows how to wait for what it says; what it should say is the tests' business.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from './process-view.ts';

const CLI = join(import.meta.dirname, '../../packages/cli');
const LINE_TIMEOUT_MS = 60_000;
/** Of what was written, in the message of an error. */
const SHOWN_MAX = 8_000;

export interface LogLine {
  readonly msg: string;
  /** 30 info, 40 warning, 50 error, 60 fatal; 0 for text that is no log line, such as what goes to standard error. */
  readonly level: number;
  readonly code?: string;
  readonly pid?: number;
  readonly slot?: number;
  readonly [field: string]: unknown;
}

export interface NodeOptions {
  readonly workers?: number;
  /** Instead of this Node with the command's file: how a user calls it. */
  readonly command?: readonly string[];
  /** Default: the folder of the site. */
  readonly workingDirectory?: string;
  /** Instead of `run --configFile=…`. */
  readonly arguments?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Before the command: a program that becomes it or starts it. */
  readonly launcher?: readonly string[];
  /** Descriptors that the command gets as numbers 3, 4, … */
  readonly descriptors?: readonly number[];
}

interface Place {
  readonly folder: string;
  readonly staticFile: string;
  readonly runtimeBase: string;
}

type Fits = string | RegExp | ((line: LogLine) => boolean);

export class SluiceNode {
  readonly lines: LogLine[] = [];
  /** Resolves with the exit code, or the signal's name. */
  readonly exited: Promise<number | NodeJS.Signals>;
  private readonly child: ChildProcess;
  private readonly watchers = new Set<() => void>();

  constructor({ folder, staticFile, runtimeBase }: Place, options: NodeOptions) {
    const { workers, launcher = [], descriptors = [] } = options;
    const added = workers === undefined ? [] : [`--workers=${workers}`];
    const given = options.arguments ?? ['run', `--configFile=${staticFile}`, ...added];
    const command = options.command ?? [process.execPath, commandFile()];
    const [program, ...args] = [...launcher, ...command, ...given];
    this.child = spawn(program!, args, {
      cwd: options.workingDirectory ?? folder,
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
      env: { ...process.env, SLUICE_RUNTIME_DIR: runtimeBase, ...options.env },
      // Signals to the test's own group must not reach it.
      detached: true,
    });
    this.exited = once(this.child, 'exit').then(([code, signal]) => code ?? signal);
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.read(line));
    createInterface({ input: this.child.stderr! }).on('line', (line) => this.read(line));
  }

  /** Of the supervisor. */
  get pid(): number {
    return this.child.pid!;
  }

  /** Of the workers that serve now, by slot. */
  get workers(): Map<number, number> {
    const bySlot = new Map<number, number>();
    for (const { msg, slot, pid } of this.lines) if (msg === 'worker serves') bySlot.set(slot!, pid!);
    for (const [slot, pid] of bySlot) if (!isAlive(pid)) bySlot.delete(slot);
    return bySlot;
  }

  get workerPids(): number[] {
    return [...this.workers.values()];
  }

  /** Everything it wrote, for messages and searches. */
  get output(): string {
    return this.lines.map((line) => (line.level === 0 ? line.msg : JSON.stringify(line))).join('\n');
  }

  /** Lines of warnings and errors. */
  get complaints(): LogLine[] {
    return this.lines.filter(({ level }) => level >= 40);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ctrl-C in its terminal: everything that was started from there gets the signal. */
  interrupt(): void {
    process.kill(-this.pid, 'SIGINT');
  }

  ready(): Promise<LogLine> {
    return this.line('ready');
  }

  /**
   * The first line, from the `from`-th on, that fits: whose message or code is the text, or matches.
   * @throws Error with everything that was written, when the time is over or the process ends without it.
   */
  async line(fits: Fits, from = 0, timeoutMs = LINE_TIMEOUT_MS): Promise<LogLine> {
    const test = predicateOf(fits);
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.lines.slice(from).find(test);
      if (found !== undefined) return found;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0)
        throw new Error(`no line fits ${fits} within ${timeoutMs} ms:\n${this.output.slice(-SHOWN_MAX)}`);
      await this.nextLine(leftMs);
    }
  }

  /** Asks it to end and waits. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals> {
    this.kill(signal);
    return await this.exited;
  }

  /** Workers that outlive their supervisor hold the other ends. */
  closeOutputs(): void {
    this.child.stdout?.destroy();
    this.child.stderr?.destroy();
  }

  private async nextLine(timeoutMs: number): Promise<void> {
    let wake = () => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.watchers.add(wake);
    const timer = new AbortController();
    const expired = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => {});
    const ended = this.exited.then(() => sleep(200, undefined, { ref: false }));
    await Promise.race([woken, expired, ended]);
    timer.abort();
    this.watchers.delete(wake);
    if (this.child.exitCode !== null && this.lines.length === 0) throw new Error('sluice ended without a word');
  }

  private read(line: string): void {
    this.lines.push(parseLine(line));
    for (const wake of [...this.watchers]) wake();
  }
}

function predicateOf(fits: Fits): (line: LogLine) => boolean {
  if (typeof fits === 'function') return fits;
  if (typeof fits === 'string') return ({ msg, code }) => msg === fits || code === fits;
  return ({ msg }) => fits.test(msg);
}

function parseLine(text: string): LogLine {
  try {
    const line = JSON.parse(text) as LogLine;
    if (typeof line.msg === 'string') return line;
  } catch {
    // Not of the log.
  }
  return { msg: text, level: 0 };
}

function commandFile(): string {
  const { bin } = JSON.parse(readFileSync(join(CLI, 'package.json'), 'utf8'));
  return join(CLI, typeof bin === 'string' ? bin : bin.sluice);
}
