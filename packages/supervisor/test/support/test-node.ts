// Starts supervisors for tests, reads their log, and makes sure that neither they nor any of their workers outlive the test.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { freePort } from '../../../../test/support/free-port.ts';

const ENTRY = join(import.meta.dirname, 'run-node.ts');

export interface LogLine {
  readonly msg: string;
  readonly code?: string;
  readonly pid?: number;
  readonly slot?: number;
  readonly level: number;
  readonly [field: string]: unknown;
}

export interface TestNodeOptions {
  readonly workers?: number;
  readonly graceTimeOut?: string;
  readonly requestAcceptGraceTimeout?: string;
  /** Of the file provider. Default true. */
  readonly watch?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, number>>;
  /** Descriptors for the child from number 3 on. */
  readonly descriptors?: readonly number[];
  /** Before Node: a program that becomes it. */
  readonly launcher?: readonly string[];
}

/** One folder, one port: nodes of it replace each other. */
export class TestSite {
  readonly folder: string;
  readonly port: number;
  private readonly nodes: TestNode[] = [];

  static async create(context: TestContext): Promise<TestSite> {
    const site = new TestSite(mkdtempSync(join(tmpdir(), 'sluice-node-')), await freePort());
    context.after(() => site.clear());
    return site;
  }

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  /** Folder of the sockets. */
  get runtimeDirectory(): string {
    const base = join(this.folder, 'run');
    const instance = readdirSync(base).find((name) => /^[0-9a-f]{16}$/.test(name));
    return join(base, instance ?? 'absent');
  }

  /** Replaced at once, as a careful editor does. */
  writeDynamic(text: string): void {
    const file = join(this.folder, 'dynamic.yaml');
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  }

  start(options: TestNodeOptions = {}): TestNode {
    const node = new TestNode(this, options);
    this.nodes.push(node);
    return node;
  }

  private async clear(): Promise<void> {
    for (const node of this.nodes) await node.destroy();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export class TestNode {
  readonly lines: LogLine[] = [];
  readonly exited: Promise<number | string>;
  private readonly child: ChildProcess;
  private readonly watchers = new Set<() => void>();

  constructor(site: TestSite, options: TestNodeOptions) {
    const file = join(site.folder, 'static.yaml');
    writeFileSync(file, staticYaml(site, options));
    const [command, ...args] = [...(options.launcher ?? []), process.execPath, '--disable-warning=ExperimentalWarning'];
    this.child = spawn(command!, [...args, ENTRY, file, JSON.stringify(options.limits ?? {})], {
      stdio: ['ignore', 'pipe', 'inherit', ...(options.descriptors ?? [])],
      env: { ...process.env, SLUICE_RUNTIME_DIR: join(site.folder, 'run'), ...options.env },
    });
    this.exited = once(this.child, 'exit').then(([code, signal]) => code ?? signal);
    createInterface({ input: this.child.stdout! }).on('line', (line) => this.read(line));
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Process ids of workers started so far, newest last. */
  workerPids(slot?: number): number[] {
    return this.lines
      .filter((line) => line.msg === 'worker started' && (slot === undefined || line.slot === slot))
      .map((line) => line.pid!);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** The first line, from the `from`-th on, that fits. */
  async line(fits: string | ((line: LogLine) => boolean), from = 0, timeoutMs = 60_000): Promise<LogLine> {
    const test = typeof fits === 'string' ? (line: LogLine) => line.msg === fits || line.code === fits : fits;
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const found = this.lines.slice(from).find(test);
      if (found !== undefined) return found;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0)
        throw new Error(`no such line: ${fits}\n${this.lines.map((line) => JSON.stringify(line)).join('\n')}`);
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.watchers.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, leftMs);
        this.watchers.add(wake);
      });
    }
  }

  ready(): Promise<LogLine> {
    return this.line('ready');
  }

  async destroy(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.exited;
    for (const pid of this.workerPids()) killWorker(pid);
    this.child.stdout!.destroy();
  }

  private read(line: string): void {
    try {
      this.lines.push(JSON.parse(line) as LogLine);
    } catch {
      this.lines.push({ msg: line, level: 0 });
    }
    for (const wake of [...this.watchers]) wake();
  }
}

export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** Only what is really one of our workers: numbers are used again. */
function killWorker(pid: number): void {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('worker-main.ts')) process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function staticYaml({ folder, port }: TestSite, options: TestNodeOptions): string {
  const { workers = 2, graceTimeOut = '10s', requestAcceptGraceTimeout = '0s', watch = true } = options;
  return `
workers: ${workers}
log: { level: DEBUG, format: json }
entryPoints:
  web:
    address: "127.0.0.1:${port}"
    transport: { lifeCycle: { graceTimeOut: ${graceTimeOut}, requestAcceptGraceTimeout: ${requestAcceptGraceTimeout} } }
providers:
  providersThrottleDuration: 50ms
  file: { filename: "${join(folder, 'dynamic.yaml')}", watch: ${watch} }
`;
}
