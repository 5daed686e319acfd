// The last good version of every object, for those that are refused after decoding: by a reference that leads nowhere, or by
// the compiler. Remembers what the compiler refused, so that the same version is not tried again. Decides nothing else.

import { isDeepStrictEqual } from 'node:util';
import type { HttpConfiguration } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';

type Kind = keyof HttpConfiguration;
type Objects = Readonly<Record<string, unknown>>;

interface Refusal {
  readonly version: unknown;
  readonly diagnostic: Diagnostic;
}

/** Objects of the compiler's that are wrong in themselves; the others are right again when what they refer to is. */
const DEPENDS_ON_OTHERS: ReadonlySet<Diagnostic['code']> = new Set(['CONFIG_REFERENCE', 'CONFIG_RECURSION']);
const KEPT = 'the previous version stays in use';

export class LastGood {
  private good: HttpConfiguration | undefined;
  /** By object path. */
  private readonly refusals = new Map<string, Refusal>();

  /** Says of a diagnostic that nothing got lost. */
  static kept(diagnostic: Diagnostic): Diagnostic {
    return { ...diagnostic, hint: diagnostic.hint === undefined ? KEPT : `${diagnostic.hint}; ${KEPT}` };
  }

  /** What the compiler said of objects that are still the same; what has changed is forgotten. */
  refusedIn(http: HttpConfiguration): ReadonlyMap<string, Diagnostic> {
    const still = new Map<string, Diagnostic>();
    for (const [path, { version, diagnostic }] of this.refusals) {
      if (isDeepStrictEqual(version, objectAt(http, path))) still.set(path, diagnostic);
      else this.refusals.delete(path);
    }
    return still;
  }

  /** Puts good versions in the place of objects that cannot be used. @returns the paths for which there was one, too. */
  replace(http: HttpConfiguration, broken: Iterable<string>): { http: HttpConfiguration; paths: Set<string> } {
    const { good } = this;
    const paths = new Set<string>();
    const changed: Record<string, Record<string, unknown>> = {};
    for (const path of broken) {
      const [kind, name] = split(path);
      const version = good === undefined ? undefined : objectAt(good, path);
      if (version === undefined || isDeepStrictEqual(version, objectAt(http, path))) continue;
      changed[kind] ??= { ...(http[kind] as Objects) };
      changed[kind][name] = version;
      paths.add(path);
    }
    return { http: paths.size === 0 ? http : ({ ...http, ...changed } as HttpConfiguration), paths };
  }

  /** @returns true when a good version of something that the compiler refused is there: merging again will use it. */
  learn(http: HttpConfiguration, diagnostics: readonly Diagnostic[]): boolean {
    const refused: string[] = [];
    for (const diagnostic of diagnostics) {
      const { object: path, severity, code } = diagnostic;
      if (path === undefined || severity !== 'error' || DEPENDS_ON_OTHERS.has(code)) continue;
      const version = objectAt(http, path);
      if (version === undefined) continue;
      this.refusals.set(path, { version, diagnostic });
      refused.push(path);
    }
    return this.replace(http, refused).paths.size > 0;
  }

  /** @param diagnostics the compiler's; the objects they refuse are not good. */
  published(http: HttpConfiguration, diagnostics: readonly Diagnostic[]): void {
    const changed: Record<string, Record<string, unknown>> = {};
    for (const { object: path, severity } of diagnostics) {
      if (path === undefined || severity !== 'error' || objectAt(http, path) === undefined) continue;
      const [kind, name] = split(path);
      changed[kind] ??= { ...(http[kind] as Objects) };
      delete changed[kind][name];
    }
    this.good = { ...http, ...changed } as HttpConfiguration;
  }
}

export function pathOf(kind: Kind, name: string): string {
  return `http.${kind}.${name}`;
}

function split(path: string): [Kind, string] {
  const end = path.indexOf('.', 5);
  return [path.slice(5, end) as Kind, path.slice(end + 1)];
}

/** Undefined for paths of anything else, such as entry points. */
function objectAt(http: HttpConfiguration, path: string): unknown {
  if (!path.startsWith('http.')) return undefined;
  const [kind, name] = split(path);
  const objects = http[kind] as Objects | undefined;
  return objects !== undefined && Object.hasOwn(objects, name) ? objects[name] : undefined;
}
