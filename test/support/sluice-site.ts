// A scratch folder with one configuration and one address, for the `sluice` commands of one test. Whatever was started in
// it is ended with the test, also when that fails: processes are known by the folder in their environment.

import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { type NodeOptions, SluiceNode } from './sluice-node.ts';

/** Sections of the static configuration; each replaces the one of the same name in `staticConfiguration`. */
export type StaticSections = Readonly<Record<string, unknown>>;

const DYNAMIC_FILE = 'dynamic.yaml';
const LEAVE_TIMEOUT_MS = 5_000;

export class SluiceSite {
  readonly folder: string;
  /** Of the entry point "web" on 127.0.0.1. */
  readonly port: number;
  private readonly nodes: SluiceNode[] = [];

  static async create(context: TestContext, sections: StaticSections = {}): Promise<SluiceSite> {
    const site = new SluiceSite(mkdtempSync(join(tmpdir(), 'sluice-e2e-')), await freePort());
    context.after(() => site.clear());
    site.writeStatic(sections);
    return site;
  }

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  get staticFile(): string {
    return join(this.folder, 'sluice.yaml');
  }

  get dynamicFile(): string {
    return join(this.folder, DYNAMIC_FILE);
  }

  get runtimeBase(): string {
    return join(this.folder, 'run');
  }

  writeStatic(sections: StaticSections): void {
    const standard = {
      workers: 2,
      log: { level: 'DEBUG', format: 'json' },
      entryPoints: { web: { address: `127.0.0.1:${this.port}` } },
      providers: { providersThrottleDuration: '10ms', file: { filename: DYNAMIC_FILE } },
    };
    // YAML is a superset of JSON.
    writeFileSync(this.staticFile, JSON.stringify({ ...standard, ...sections }, null, 2));
  }

  /** Replaces the dynamic configuration in one step, as careful editors and tools do. */
  writeDynamic(content: object | string): void {
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 1);
    writeFileSync(`${this.dynamicFile}.new`, text);
    renameSync(`${this.dynamicFile}.new`, this.dynamicFile);
  }

  /** Runs the command on the configuration; several may be started one after the other. */
  start(options: NodeOptions = {}): SluiceNode {
    const node = new SluiceNode(this, options);
    this.nodes.push(node);
    return node;
  }

  /** Starts and waits until every worker serves. */
  async serve(options: NodeOptions = {}): Promise<SluiceNode> {
    const node = this.start(options);
    await node.ready();
    return node;
  }

  /** Everything that runs for this folder, whoever started it. */
  processes(): number[] {
    const mark = `SLUICE_RUNTIME_DIR=${this.runtimeBase}\0`;
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => environmentOf(pid).includes(mark))
      .map(Number);
  }

  private async clear(): Promise<void> {
    // Again and again: a supervisor that is not dead yet may start another worker.
    for (let left = this.processes(); left.length > 0; left = this.processes()) {
      for (const pid of left) killQuietly(pid);
      await sleep(10);
    }
    await Promise.race([
      Promise.all(this.nodes.map((node) => node.exited)),
      sleep(LEAVE_TIMEOUT_MS, undefined, { ref: false }),
    ]);
    for (const node of this.nodes) node.closeOutputs();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Empty for processes that are gone, and for zombies. */
function environmentOf(pid: string): string {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
  } catch {
    return '';
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
