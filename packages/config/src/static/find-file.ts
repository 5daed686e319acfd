// Which file holds the static configuration: the one that was named, or the first that exists in the search order
// (static-config.md 1.2 with our names). Looks at files, reads none.

import { statSync } from 'node:fs';
import { resolve } from 'node:path';

const EXTENSIONS = ['.toml', '.yaml', '.yml'];

export interface FileSearch {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  /** Where system-wide configuration is; default `/etc/sluice`. */
  readonly systemDirectory?: string;
}

/** `$NAME` and `${NAME}`; unset variables become empty. */
export function expandVariables(path: string, environment: FileSearch['environment']): string {
  return path.replace(/\$(?:\{([^}]*)\}|([A-Za-z_][A-Za-z0-9_]*))/g, (_, braced?: string, bare?: string) => {
    return environment[braced ?? bare ?? ''] ?? '';
  });
}

/** Absolute path of the first default file, or undefined. Places whose variable is unset are not searched. */
export function findDefaultFile({
  environment,
  workingDirectory,
  systemDirectory = '/etc/sluice',
}: FileSearch): string | undefined {
  const { XDG_CONFIG_HOME: configHome, HOME: home } = environment;
  const directories = [systemDirectory, configHome, home && `${home}/.config`, workingDirectory];
  for (const directory of directories) {
    if (directory === undefined || directory === '') continue;
    for (const extension of EXTENSIONS) {
      const path = resolve(workingDirectory, directory, `sluice${extension}`);
      if (isFile(path)) return path;
    }
  }
  return undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
