// Notices that something changed in a directory tree or around one file. Says neither what nor how often:
// the provider looks again and compares. Links to files are followed, links to directories are not.

import { lstatSync, type Stats } from 'node:fs';
import { type FSWatcher, watch } from 'chokidar';

/** Longest wait for the watches to stand; afterwards they go on being set up in the background. */
const READY_TIMEOUT_MS = 5_000;

export interface FileWatchOptions {
  /** A file, or a directory with everything below it. It may be missing and appear later. */
  readonly path: string;
  readonly onChange: () => void;
  /** The watch may be incomplete from now on; `reason` says why. */
  readonly onTrouble: (reason: string) => void;
}

export class FileWatch {
  private readonly options: FileWatchOptions;
  private watcher: FSWatcher | undefined;

  constructor(options: FileWatchOptions) {
    this.options = options;
  }

  /** Resolves when changes are noticed from now on. */
  async open(): Promise<void> {
    const { path, onChange, onTrouble } = this.options;
    const watcher = watch(path, {
      ignoreInitial: true,
      // A temporary file, a rename, a removal: each is reported at once, the provider waits until it is quiet.
      atomic: false,
      ignorePermissionErrors: true,
      ignored: (each: string, stats?: Stats) => each !== path && stats?.isDirectory() === true && isLink(each),
    });
    this.watcher = watcher;
    watcher.on('all', onChange);
    // Swapping the `..data` link of a ConfigMap shows up only here when no listed file is touched.
    watcher.on('raw', onChange);
    watcher.on('error', (error) => onTrouble(error instanceof Error ? error.message : String(error)));
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, READY_TIMEOUT_MS);
      watcher.once('ready', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    await this.watcher?.close();
    this.watcher = undefined;
  }
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;
}
