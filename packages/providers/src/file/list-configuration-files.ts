// Finds the configuration files of a directory: recursively, in lexical order, a sub-directory expanded at its own place.
// Reads directory entries only; never follows a link to a directory, so the walk ends.

import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';

/** Source: providers reference, file provider. */
export const FILE_FORMATS: Readonly<Record<string, 'yaml' | 'toml'>> = {
  '.yaml': 'yaml',
  '.yml': 'yaml',
  '.toml': 'toml',
};

export interface UnreadableDirectory {
  readonly path: string;
  /** System error code such as `EACCES`. */
  readonly reason: string;
}

export interface ConfigurationFiles {
  /** In the order in which definitions win: the first file that defines a name keeps it. */
  readonly files: readonly string[];
  readonly unreadable: readonly UnreadableDirectory[];
}

/** The format by extension, or undefined for a file that is not ours. */
export function formatOf(path: string): 'yaml' | 'toml' | undefined {
  return FILE_FORMATS[extname(path)];
}

/** A directory that cannot be read is reported, and its neighbours are still listed. */
export async function listConfigurationFiles(directory: string): Promise<ConfigurationFiles> {
  const files: string[] = [];
  const unreadable: UnreadableDirectory[] = [];
  await walk(directory, files, unreadable);
  return { files, unreadable };
}

async function walk(directory: string, files: string[], unreadable: UnreadableDirectory[]): Promise<void> {
  let entries: Dirent[];
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    unreadable.push({ path: directory, reason: (error as NodeJS.ErrnoException).code ?? String(error) });
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    if (isBookkeeping(entry.name)) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await walk(path, files, unreadable);
    else if (formatOf(entry.name) !== undefined) files.push(path);
  }
}

/**
 * Entries that belong to a tool and not to the operator: `..data` and `..2026_01_01` of a mounted Kubernetes ConfigMap,
 * whose files appear again as links beside them, and the `.#name` lock links of Emacs.
 */
function isBookkeeping(name: string): boolean {
  return name.startsWith('..') || name.startsWith('.#');
}
