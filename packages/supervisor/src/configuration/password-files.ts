// Passwords in files, as health checks of databases name them: read, kept while they cannot be, and read again when they change. They
// stay in this process and are in no message.

import { resolve } from 'node:path';
import { readPassword } from '@sluice/health/read-password';
import { NamedFilesWatch } from '../named-files/named-files-watch.ts';

export interface PasswordFilesOptions {
  /** A file that is in use has another password, or has one again. */
  readonly onChange: () => void;
  /** Changes in a folder may be noticed a second late. */
  readonly onWatchTrouble: (folder: string, reason: string) => void;
  /** For relative paths. Default: that of the process */
  readonly workingDirectory?: string;
}

/** What a file has now; if it cannot be read, what it had last, and why it cannot. */
export interface FoundPassword {
  /** Empty: it never had one. */
  readonly password: string;
  readonly problem?: string;
}

export class PasswordFiles {
  private readonly options: PasswordFilesOptions;
  private readonly watch: NamedFilesWatch;
  /** By absolute path: what was given out last. */
  private readonly given = new Map<string, FoundPassword>();
  private watched: ReadonlySet<string> = new Set();

  constructor(options: PasswordFilesOptions) {
    this.options = options;
    this.watch = new NamedFilesWatch({ onChange: options.onChange, onTrouble: options.onWatchTrouble });
  }

  /** @param file as configured */
  read(file: string): FoundPassword {
    const path = this.pathOf(file);
    const found = this.find(path);
    this.given.set(path, found);
    return found;
  }

  /** Only these are in use, and have been read. Changes of them are reported from here on, also those since they were read. */
  keepOnly(files: Iterable<string>): void {
    const paths = new Set([...files].map((file) => this.pathOf(file)));
    for (const path of this.given.keys()) if (!paths.has(path)) this.given.delete(path);
    const isWatched = paths.size === this.watched.size && [...paths].every((path) => this.watched.has(path));
    if (isWatched) return;
    this.watched = paths;
    void this.watch.update([...paths]).then((isChanged) => {
      if (isChanged || [...paths].some((path) => this.isAnother(path))) this.options.onChange();
    });
  }

  close(): void {
    this.watch.close();
  }

  private isAnother(path: string): boolean {
    const before = this.given.get(path);
    return before !== undefined && this.find(path).password !== before.password;
  }

  private find(path: string): FoundPassword {
    try {
      return { password: readPassword(path) };
    } catch (error) {
      return { password: this.given.get(path)?.password ?? '', problem: (error as Error).message };
    }
  }

  private pathOf(file: string): string {
    return resolve(this.options.workingDirectory ?? process.cwd(), file);
  }
}
