// Which entries of which folders decide what a path leads to: the file itself and every link on the way. Whoever watches those learns of
// everything that can change: a rewrite, a rename over it, a link to another version as a ConfigMap has it. Looks only.

import { lstat, readlink } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';

/** As many as Linux follows. */
const LINKS_MAX = 40;

/**
 * @param path absolute; what is missing of it counts with the first name that is missing
 * @returns names by existing folder
 */
export async function linkChain(path: string): Promise<Map<string, Set<string>>> {
  const entries = new Map<string, Set<string>>();
  let left = path.split(sep).filter((name) => name !== '');
  let folder: string = sep;
  const add = (within: string, name: string) => entries.set(within, (entries.get(within) ?? new Set()).add(name));
  for (let links = 0; left.length > 0; ) {
    const [name, ...rest] = left as [string, ...string[]];
    const here = join(folder, name);
    const stats = await lstat(here).catch(() => undefined);
    const isLink = stats?.isSymbolicLink() === true;
    const isLast = rest.length === 0;
    if (isLink || stats === undefined || isLast) add(folder, name);
    // The whole folder may be put in the place of another one.
    if (isLast && folder !== sep) add(dirname(folder), basename(folder));
    if (stats === undefined || (!isLink && !stats.isDirectory())) break;
    left = rest;
    if (!isLink) {
      folder = here;
      continue;
    }
    if (++links > LINKS_MAX) break;
    const target = await readlink(here).catch(() => undefined);
    if (target === undefined) break;
    left = [...resolve(dirname(here), target).split(sep), ...rest].filter((each) => each !== '');
    folder = sep;
  }
  return entries;
}
