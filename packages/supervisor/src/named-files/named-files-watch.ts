// Notices that files which a configuration names have changed (certificates, keys, authorities, passwords): by watching the folders that
// they and the links to them are in, and by a look now and then, for file systems that report nothing. Reads none of them. One watch for
// each folder, however many files.

import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { SettleTimer } from '@sluice/providers';
import { linkChain } from './link-chain.ts';

/** Certificate and key are written one after the other: milliseconds of quiet, and the longest wait for it. */
const QUIET_MS = 150;
const POSTPONE_MAX_MS = 600;
/** Between two looks when watches stand for everything, and when there is a folder that cannot be watched. */
const LOOK_MS = { watched: 15_000, unwatched: 1_000 } as const;
/** Looked at together. */
const STATS_AT_ONCE = 16;

export interface NamedFilesWatchOptions {
  /** At least one of the files is another one than at the last `update`. */
  readonly onChange: () => void;
  /** A folder cannot be watched; its files are looked at every second. */
  readonly onTrouble: (folder: string, reason: string) => void;
  /** Milliseconds between two looks. Default: 15,000, and 1,000 while a folder cannot be watched. */
  readonly lookMs?: { readonly watched: number; readonly unwatched: number };
}

export class NamedFilesWatch {
  private readonly options: NamedFilesWatchOptions;
  private readonly settle: SettleTimer;
  private readonly watchers = new Map<string, FSWatcher>();
  private readonly unwatchable = new Set<string>();
  /** By folder: entries whose changes matter. */
  private entries: ReadonlyMap<string, ReadonlySet<string>> = new Map();
  private paths: readonly string[] = [];
  /** By path: differs when the file is another one, has other content, or came or went. */
  private seen: ReadonlyMap<string, string> = new Map();
  private timer: NodeJS.Timeout | undefined;
  /** Counts calls: only the last one has a say. */
  private round = 0;
  private closed = false;

  constructor(options: NamedFilesWatchOptions) {
    this.options = options;
    this.settle = new SettleTimer({ quietMs: QUIET_MS, limitMs: POSTPONE_MAX_MS, act: () => void this.look() });
  }

  /** Folders that are watched now. */
  get folders(): readonly string[] {
    return [...this.watchers.keys()].sort();
  }

  /**
   * Watches these instead of those before. To be called before they are read: what changes after that is reported.
   * @param paths absolute; they may be missing
   * @returns true when one that was watched before has changed: that is not reported any more
   */
  async update(paths: readonly string[]): Promise<boolean> {
    const round = ++this.round;
    this.paths = paths;
    if (!(await this.refresh(round))) return false;
    const seen = await lookAt(paths);
    const isChanged = this.differs(seen);
    this.seen = seen;
    this.schedule();
    return isChanged;
  }

  close(): void {
    this.closed = true;
    this.settle.cancel();
    clearTimeout(this.timer);
    for (const watcher of this.watchers.values()) watcher.close();
    this.watchers.clear();
  }

  private rewatch(): void {
    for (const [folder, watcher] of this.watchers) {
      if (this.entries.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of this.unwatchable) if (!this.entries.has(folder)) this.unwatchable.delete(folder);
    for (const folder of this.entries.keys()) if (!this.watchers.has(folder)) this.watch(folder);
  }

  private watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (event, name) => {
        // The folder itself is gone, or another one: this watch is blind from now on.
        if (event === 'rename' && name !== null && folder.endsWith(`/${name}`)) this.forget(folder);
        if (name === null || this.entries.get(folder)?.has(name) === true || !this.watchers.has(folder)) {
          this.settle.notify();
        }
      });
      watcher.on('error', (error) => this.trouble(folder, error));
      this.watchers.set(folder, watcher);
      this.unwatchable.delete(folder);
    } catch (error) {
      this.trouble(folder, error);
    }
  }

  private forget(folder: string): void {
    this.watchers.get(folder)?.close();
    this.watchers.delete(folder);
  }

  private trouble(folder: string, error: unknown): void {
    this.forget(folder);
    const { code = String(error) } = error as NodeJS.ErrnoException;
    const isNew = !this.unwatchable.has(folder);
    this.unwatchable.add(folder);
    // One that has just gone is found again, or another one in its place.
    if (isNew && code !== 'ENOENT') this.options.onTrouble(folder, code);
    this.schedule();
  }

  private schedule(): void {
    clearTimeout(this.timer);
    if (this.closed || this.paths.length === 0) return;
    const { watched, unwatched } = this.options.lookMs ?? LOOK_MS;
    const ms = this.unwatchable.size > 0 || this.watchers.size < this.entries.size ? unwatched : watched;
    this.timer = setTimeout(() => void this.look(), ms).unref();
  }

  private async look(): Promise<void> {
    const { round } = this;
    const seen = await lookAt(this.paths);
    if (this.closed || round !== this.round) return;
    const isChanged = this.differs(seen);
    this.seen = seen;
    // Links may lead elsewhere now, and folders that were missing be there.
    if (isChanged || this.watchers.size < this.entries.size) await this.refresh(round);
    if (this.closed || round !== this.round) return;
    this.schedule();
    if (isChanged) this.options.onChange();
  }

  private differs(seen: ReadonlyMap<string, string>): boolean {
    for (const [path, state] of seen) if ((this.seen.get(path) ?? state) !== state) return true;
    return false;
  }

  /** @returns false when somebody else has been quicker. */
  private async refresh(round: number): Promise<boolean> {
    const entries = await entriesOf(this.paths);
    if (this.closed || round !== this.round) return false;
    this.entries = entries;
    this.rewatch();
    return true;
  }
}

async function entriesOf(paths: readonly string[]): Promise<Map<string, Set<string>>> {
  const all = new Map<string, Set<string>>();
  for (const path of paths) {
    for (const [folder, names] of await linkChain(path)) {
      const known = all.get(folder) ?? new Set<string>();
      all.set(folder, known);
      for (const name of names) known.add(name);
    }
  }
  return all;
}

async function lookAt(paths: readonly string[]): Promise<Map<string, string>> {
  const seen = new Map<string, string>();
  for (let from = 0; from < paths.length; from += STATS_AT_ONCE) {
    const some = paths.slice(from, from + STATS_AT_ONCE);
    const states = await Promise.all(some.map(stateOf));
    for (const [index, path] of some.entries()) seen.set(path, states[index]!);
  }
  return seen;
}

async function stateOf(path: string): Promise<string> {
  const stats = await stat(path, { bigint: true }).catch((error: NodeJS.ErrnoException) => error.code ?? 'unreadable');
  if (typeof stats === 'string') return stats;
  return [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
}
