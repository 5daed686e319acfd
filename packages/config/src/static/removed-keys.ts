// Finds options that the reference has removed. They abort the start wherever they stand, also inside sections that this
// version does not support, because what they asked for will not happen.

import type { Diagnostic } from '@sluice/errors';
import { findEntry, type SourceDocument, type SourceEntry } from '../source/source-node.ts';
import { REMOVED_STATIC_KEYS } from './unsupported-static.ts';

export function findRemovedKeys(document: SourceDocument): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const [path, replacement] of Object.entries(REMOVED_STATIC_KEYS)) {
    const entry = entryAt(document, path.split('.'));
    if (entry === undefined || entry.node.kind === 'null') continue;
    diagnostics.push({
      code: 'CONFIG_UNSUPPORTED',
      severity: 'error',
      message: `"${path}" has been removed: ${replacement}`,
      file: document.name,
      ...document.position(entry.offset),
    });
  }
  return diagnostics;
}

function entryAt(document: SourceDocument, path: readonly string[]): SourceEntry | undefined {
  let node = document.root;
  let entry: SourceEntry | undefined;
  for (const key of path) {
    entry = findEntry(node, key);
    if (entry === undefined) return undefined;
    node = entry.node;
  }
  return entry;
}
