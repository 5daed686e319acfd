// One proxy while it is measured: its files written, its processes pinned, ready to answer; changed; stopped.
// A fresh folder and fresh processes every time: no measurement inherits memory or connections of another.

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOOPBACK } from '../lab/free-port.ts';
import type { LabProcess, Processes } from '../lab/processes.ts';
import { findTool } from '../lab/tools.ts';
import { ask } from '../load/ask.ts';
import { type ProbeProtocol, probe } from '../load/probe.ts';
import type { LaunchPlan, ProxyKind, Site } from './proxy.ts';

const READY_TIMEOUT_MS = 120_000;
const READY_INTERVAL_MS = 20;

export interface ProxyLaunch {
  readonly kind: ProxyKind;
  readonly site: Site;
  readonly cores: readonly number[];
  readonly openFiles: number;
}

export class RunningProxy {
  readonly kind: ProxyKind;
  readonly site: Site;
  readonly plan: LaunchPlan;
  /** Milliseconds from its start to its first right answer. */
  readonly startMs: number;
  private readonly process: LabProcess;
  /** Text by name, as it is on the disk. */
  private readonly written: Map<string, string>;

  /** @throws Error with what it said when it does not start or answers wrongly. */
  static async start(processes: Processes, launch: ProxyLaunch): Promise<RunningProxy> {
    const { kind, site, cores, openFiles } = launch;
    const plan = kind.plan(site);
    for (const [name, text] of Object.entries(plan.files)) writeFileSync(join(site.folder, name), text);
    const [program, ...args] = plan.command;
    const startedAt = performance.now();
    const process = await processes.start({
      command: [findTool(program!) ?? program!, ...args],
      cores,
      openFiles,
      folder: site.folder,
      log: join(site.folder, 'output.log'),
      ...(plan.env === undefined ? {} : { env: plan.env }),
    });
    try {
      await untilReady(process, site);
    } catch (error) {
      await process.stop();
      throw error;
    }
    return new RunningProxy(launch, plan, process, performance.now() - startedAt);
  }

  private constructor({ kind, site }: ProxyLaunch, plan: LaunchPlan, process: LabProcess, startMs: number) {
    this.kind = kind;
    this.site = site;
    this.plan = plan;
    this.written = new Map(Object.entries(plan.files));
    this.process = process;
    this.startMs = startMs;
  }

  /** Of its first process; the others descend from it. */
  get pid(): number {
    return this.process.pid;
  }

  /** The configuration for other hosts, not written yet: the text of large ones takes time that is not the proxy's. */
  prepare(hosts: readonly string[]): () => Promise<void> {
    const { files } = this.kind.plan({ ...this.site, hosts });
    return () => this.apply(files);
  }

  /** Tells it again to read its files. @returns false where there is nothing to repeat: it watches them, or was asked and has answered. */
  repeatReload(): boolean {
    const { reload } = this.kind;
    if (reload?.kind !== 'signal') return false;
    this.process.signal(reload.signal);
    return true;
  }

  stop(): Promise<void> {
    return this.process.stop();
  }

  private async apply(files: Readonly<Record<string, string>>): Promise<void> {
    const { reload, name } = this.kind;
    if (reload === undefined) throw new Error(`${name} cannot be reloaded by this benchmark`);
    for (const [file, text] of Object.entries(files)) this.replace(file, text);
    if (reload.kind === 'signal') this.process.signal(reload.signal);
    if (reload.kind !== 'post') return;
    const { status, text } = await ask({
      port: this.site.adminPort,
      method: 'POST',
      path: reload.path,
      headers: { 'Content-Type': reload.contentType },
      body: files[reload.file]!,
    });
    if (status !== 200) throw new Error(`${name} refused the new configuration: ${status} ${text}`);
  }

  /** In one step, as careful tools do; files that stay the same are left alone. */
  private replace(name: string, text: string): void {
    if (this.written.get(name) === text) return;
    this.written.set(name, text);
    const path = join(this.site.folder, name);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }
}

/** What the first answer is asked with: HTTP/1.1 where it is understood. */
function readyProtocol({ downstream, upstreamProtocol }: Site): ProbeProtocol {
  if (downstream === 'tls') return upstreamProtocol === 'h2c' ? 'h2' : 'https';
  return downstream === 'http' || downstream === 'h2c' ? downstream : upstreamProtocol;
}

async function untilReady(process: LabProcess, site: Site): Promise<void> {
  const { port, hosts } = site;
  const protocol = readyProtocol(site);
  const deadline = performance.now() + READY_TIMEOUT_MS;
  const host = hosts.at(-1) ?? LOOPBACK;
  let last = 'nothing';
  while (performance.now() < deadline) {
    if (process.hasEnded) throw process.failure('ended before it was ready');
    try {
      await probe(port, protocol, host);
      return;
    } catch (error) {
      last = (error as Error).message;
    }
    await sleep(READY_INTERVAL_MS);
  }
  throw process.failure(`is not ready; last answer: ${last}`);
}
