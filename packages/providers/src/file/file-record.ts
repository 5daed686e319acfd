// What the provider remembers of one file: the last good version of each of its objects and what is wrong with it now.
// Pure bookkeeping; it neither reads nor watches.

import { certificatePath, type DecodedDynamic } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { type DeclaredObjects, isCertificate, isCovered, toObjects } from './declared-objects.ts';

type Positions = NonNullable<DecodedDynamic['positions']>;

const KEPT = 'the previous version stays in use';

export class FileRecord {
  readonly path: string;
  /** Of the content the objects come from; undefined until the file has been read once. */
  hash: string | undefined;
  /** Last good version of every object that the file still declares. */
  objects: DeclaredObjects = new Map();
  /** Declared now, but refused. Certificates by their position in the list. Sections such as `http.routers` stand for everything below them. */
  refused: readonly string[] = [];
  /** Where each declared object stands in the content with `hash`, refused ones included. */
  positions: Positions = new Map();
  /** Of the content with `hash`. */
  private contentDiagnostics: readonly Diagnostic[] = [];
  /** Why the file could not be read this time; its objects stay. */
  problem: Diagnostic | undefined;
  /** Since when (`performance.now()`) the file has seemed to be gone or emptied, which is believed only later. */
  doubtedSince: number | undefined;

  constructor(path: string) {
    this.path = path;
  }

  get diagnostics(): readonly Diagnostic[] {
    return this.problem === undefined ? this.contentDiagnostics : [...this.contentDiagnostics, this.problem];
  }

  /** Takes over new content: good objects replace, refused ones keep their last good version, absent ones go. */
  accept(hash: string, decoded: DecodedDynamic): void {
    const objects = toObjects(decoded);
    const kept: string[] = [];
    for (const [path, value] of this.objects) {
      if (objects.has(path) || !decoded.refused.some((section) => isCovered(path, section))) continue;
      objects.set(path, value);
      kept.push(path);
    }
    this.hash = hash;
    this.objects = objects;
    this.refused = decoded.refused;
    this.positions = positionsByPath(decoded);
    this.contentDiagnostics = decoded.diagnostics.map((each) => annotate(each, kept));
  }
}

/** Certificates are found by what they say, not by their place in a list. */
function positionsByPath({ positions = new Map(), tls, refused }: DecodedDynamic): Positions {
  if (tls.certificates.length === 0) return positions;
  const byPath = new Map(positions);
  let next = 0;
  for (const [path, position] of positions) {
    if (!isCertificate(path) || refused.includes(path)) continue;
    byPath.set(certificatePath(tls.certificates[next++]!), position);
  }
  return byPath;
}

/** Says of an error about a kept object, or about the document while objects are kept, that nothing got lost. */
function annotate(diagnostic: Diagnostic, kept: readonly string[]): Diagnostic {
  const { object, severity } = diagnostic;
  const concerned = kept.some((path) => object === undefined || isCovered(path, object) || isCovered(object, path));
  return severity === 'error' && concerned ? withHint(diagnostic, KEPT) : diagnostic;
}

export function withHint(diagnostic: Diagnostic, hint: string): Diagnostic {
  return { ...diagnostic, hint: diagnostic.hint === undefined ? hint : `${diagnostic.hint}; ${hint}` };
}
