// Joins what several files declare into one configuration: the first file in lexical order that defines a name keeps it.
// Pure; later definitions are reported and change nothing.

import type { DecodedDynamic } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { type DeclaredConfiguration, type DeclaredObjects, fromObjects, isCertificate } from './declared-objects.ts';
import { FileRecord } from './file-record.ts';

export interface MergedFiles {
  readonly objects: DeclaredObjects;
  readonly diagnostics: readonly Diagnostic[];
}

export type ObjectPosition = Pick<Diagnostic, 'file' | 'line' | 'column'>;

export interface MergedDocuments extends DeclaredConfiguration {
  readonly diagnostics: readonly Diagnostic[];
  /** By path (`http.routers.web`); certificates by `certificatePath`. */
  readonly positionOf: (path: string) => ObjectPosition | undefined;
}

/**
 * @param previous the merged objects in force: an object that moved to another file and is refused there keeps its version.
 */
export function mergeFiles(records: readonly FileRecord[], previous: DeclaredObjects): MergedFiles {
  const objects: DeclaredObjects = new Map();
  const origin = new Map<string, string>();
  const diagnostics: Diagnostic[] = [];
  for (const record of records) {
    diagnostics.push(...record.diagnostics);
    for (const [path, value] of record.objects) {
      const first = origin.get(path);
      if (first === undefined) {
        origin.set(path, record.path);
        objects.set(path, value);
      } else if (!isCertificate(path)) {
        // The same certificate in two files is one.
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

/** The first file that declares it counts. */
export function positionIn(records: readonly FileRecord[], path: string): ObjectPosition | undefined {
  const record = records.find(({ positions }) => positions.has(path));
  return record === undefined ? undefined : { file: record.path, ...record.positions.get(path) };
}

/** Files that are read once, with nothing before them: what a start would deliver. */
export function mergeDecoded(files: ReadonlyMap<string, DecodedDynamic>): MergedDocuments {
  const records = [...files].map(([path, decoded]) => {
    const record = new FileRecord(path);
    record.accept('', decoded);
    return record;
  });
  const { objects, diagnostics } = mergeFiles(records, new Map());
  return { ...fromObjects(objects), diagnostics, positionOf: (path) => positionIn(records, path) };
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
