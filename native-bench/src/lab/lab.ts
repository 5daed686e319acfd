// Where measurements take place: cores, limits, upstream servers, a scratch folder. Opened once for a run, and closed
// whatever happens: after that nothing runs any more and nothing is left on the disk.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startUpstreams, type UpstreamName, type Upstreams } from '../upstream/upstreams.ts';
import { type Cores, chooseCores } from './cores.ts';
import { type Credentials, makeCredentials } from './credentials.ts';
import { openFilesLimit } from './descriptors.ts';
import { Processes } from './processes.ts';

export interface Timing {
  /** Of load in one measurement. */
  readonly seconds: number;
  /** Of load before, not measured: compilers and caches settle. */
  readonly warmUpSeconds: number;
}

export class Lab {
  readonly folder: string;
  readonly cores: Cores;
  readonly openFiles: number;
  readonly timing: Timing;
  /** Made for this run. */
  readonly credentials: Credentials;
  readonly processes = new Processes();
  private started: Upstreams | undefined;
  private closing: Promise<void> | undefined;

  /** @throws Error when the machine has one core only. */
  constructor(timing: Timing) {
    this.timing = timing;
    this.cores = chooseCores();
    this.openFiles = openFilesLimit();
    this.folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    this.credentials = makeCredentials(this.folder);
  }

  /** @param upstreams that will be needed. */
  async open(upstreams: readonly UpstreamName[]): Promise<void> {
    const { processes, cores, folder, openFiles } = this;
    this.started = await startUpstreams(processes, new Set(upstreams), cores, folder, openFiles);
  }

  get upstreams(): Upstreams {
    return this.started!;
  }

  /** The run is ending: whatever fails from now on, fails because of that. */
  get isClosing(): boolean {
    return this.closing !== undefined;
  }

  /** A new folder. @param name parts of a path. @throws Error when the run is ending. */
  makeFolder(...name: readonly string[]): string {
    if (this.isClosing) throw new Error('the benchmark is ending');
    const folder = join(this.folder, ...name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** May be called again; the second call waits for the first. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();
    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    await this.processes.stopAll();
    await this.started?.remove();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
