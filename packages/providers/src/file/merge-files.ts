// Joins what several files declare into one configuration: the first file in lexical order that defines a name keeps it.
// Pure; later definitions are reported and change nothing.

import type { DecodedDynamic, HttpConfiguration } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { FileRecord } from './file-record.ts';
import { fromObjects, type HttpObjects } from './http-objects.ts';

export interface MergedFiles {
  readonly objects: HttpObjects;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * @param previous the merged objects in force: an object that moved to another file and is refused there keeps its version.
 */
export function mergeFiles(records: readonly FileRecord[], previous: HttpObjects): MergedFiles {
  const objects: HttpObjects = new Map();
  const origin = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  for (const record of records) {
    diagnostics.push(...record.diagnostics);
    for (const [path, value] of record.objects) {
      const first = origin.get(path);
      if (first === undefined) {
        origin.set(path, record.path);
        objects.set(path, value);
      } else {
        diagnostics.push({ ...duplicate(path, record.path, first), ...record.positions.get(path) });
      }
    }
  }
  for (const record of records) {
    for (const path of record.refused) {
      const value = previous.get(path);
      if (value !== undefined && !objects.has(path)) objects.set(path, value);
    }
  }
  return { objects, diagnostics };
}

/** Files that are read once, with nothing before them: what a start would deliver. */
export function mergeDecoded(files: ReadonlyMap<string, DecodedDynamic>): {
  readonly http: HttpConfiguration;
  readonly diagnostics: readonly Diagnostic[];
} {
  const records = [...files].map(([path, decoded]) => {
    const record = new FileRecord(path);
    record.accept('', decoded);
    return record;
  });
  const { objects, diagnostics } = mergeFiles(records, new Map());
  return { http: fromObjects(objects), diagnostics };
}

function duplicate(object: string, file: string, first: string): Diagnostic {
  return {
    code: 'CONFIG_CONFLICT',
    severity: 'warning',
    message: `it is already defined in ${first}, whose definition is used; this one is ignored`,
    object,
    file,
  };
}
