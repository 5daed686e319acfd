// Environment variables → key tree (static-config.md 1.4), with the prefix SLUICE_.

import type { Diagnostic } from '@sluice/errors';
import { nearestKey } from '../decode/nearest-key.ts';
import { KeyTree } from './key-tree.ts';
import { STATIC_ROOT_KEYS } from './static-schema.ts';

const PREFIX = 'SLUICE_';
const ROOTS = new Set(STATIC_ROOT_KEYS.map((key) => key.toLowerCase()));

export interface ParsedEnvironment {
  readonly tree: KeyTree;
  /** Names of the variables that were taken. */
  readonly names: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Variables whose first part is no root key are not ours to judge; only near misses are mentioned. */
export function parseEnvironment(environment: Readonly<Record<string, string | undefined>>): ParsedEnvironment {
  const tree = new KeyTree();
  const names: string[] = [];
  const diagnostics: Diagnostic[] = [];
  const report = (severity: Diagnostic['severity'], message: string): void => {
    diagnostics.push({ code: 'CONFIG_UNKNOWN_KEY', severity, message, file: 'environment' });
  };
  for (const name of Object.keys(environment).sort()) {
    const value = environment[name];
    if (value === undefined || !name.startsWith(PREFIX)) continue;
    const path = name.slice(PREFIX.length).toLowerCase().split('_');
    const [root = ''] = path;
    if (!ROOTS.has(root)) {
      const near = nearestKey(root, STATIC_ROOT_KEYS);
      if (near !== undefined) report('warning', `${name} is ignored: did you mean ${PREFIX}${near.toUpperCase()}…?`);
    } else if (path.includes(''))
      report('error', `${name} has an empty part; parts of the key are separated by one "_"`);
    else {
      tree.set(path, value);
      names.push(name);
    }
  }
  return { tree, names, diagnostics };
}
