// The last good version of every object, for those that are refused after decoding: by a reference that leads nowhere, or by
// the compiler. Remembers what the compiler refused, so that the same version is not tried again. Decides nothing else.

import { isDeepStrictEqual } from 'node:util';
import { PROTOCOLS, type Protocol, type RoutedConfiguration } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';

type Objects = Readonly<Record<string, unknown>>;
type Kinds = Readonly<Record<string, Objects>>;

interface Refusal {
  readonly version: unknown;
  readonly diagnostic: Diagnostic;
}

/** Objects of the compiler's that are wrong in themselves; the others are right again when what they refer to is. */
const DEPENDS_ON_OTHERS: ReadonlySet<Diagnostic['code']> = new Set(['CONFIG_REFERENCE', 'CONFIG_RECURSION']);
const KEPT = 'the previous version stays in use';

export class LastGood {
  private good: RoutedConfiguration | undefined;
  /** By object path. */
  private readonly refusals = new Map<string, Refusal>();

  /** Says of a diagnostic that nothing got lost. */
  static kept(diagnostic: Diagnostic): Diagnostic {
    return { ...diagnostic, hint: diagnostic.hint === undefined ? KEPT : `${diagnostic.hint}; ${KEPT}` };
  }

  /** What the compiler said of objects that are still the same; what has changed is forgotten. */
  refusedIn(routed: RoutedConfiguration): ReadonlyMap<string, Diagnostic> {
    const still = new Map<string, Diagnostic>();
    for (const [path, { version, diagnostic }] of this.refusals) {
      if (isDeepStrictEqual(version, objectAt(routed, path))) still.set(path, diagnostic);
      else this.refusals.delete(path);
    }
    return still;
  }

  /** Puts good versions in the place of objects that cannot be used. @returns the paths for which there was one, too. */
  replace(
    routed: RoutedConfiguration,
    broken: Iterable<string>,
  ): { routed: RoutedConfiguration; paths: ReadonlySet<string> } {
    const { good } = this;
    const paths = new Set<string>();
    const changed = new ChangedObjects(routed);
    for (const path of broken) {
      const version = good === undefined ? undefined : objectAt(good, path);
      if (version === undefined || isDeepStrictEqual(version, objectAt(routed, path))) continue;
      changed.put(path, version);
      paths.add(path);
    }
    return { routed: changed.result, paths };
  }

  /** @returns true when a good version of something that the compiler refused is there: merging again will use it. */
  learn(routed: RoutedConfiguration, diagnostics: readonly Diagnostic[]): boolean {
    const refused: string[] = [];
    for (const diagnostic of diagnostics) {
      const { object: path, severity, code } = diagnostic;
      if (path === undefined || severity !== 'error' || DEPENDS_ON_OTHERS.has(code)) continue;
      const version = objectAt(routed, path);
      if (version === undefined) continue;
      this.refusals.set(path, { version, diagnostic });
      refused.push(path);
    }
    return this.replace(routed, refused).paths.size > 0;
  }

  /** @param diagnostics the compiler's; the objects they refuse are not good. */
  published(routed: RoutedConfiguration, diagnostics: readonly Diagnostic[]): void {
    const changed = new ChangedObjects(routed);
    for (const { object: path, severity } of diagnostics) {
      if (path === undefined || severity !== 'error' || objectAt(routed, path) === undefined) continue;
      changed.remove(path);
    }
    this.good = changed.result;
  }
}

/** A configuration with some objects changed; the kinds of the others are shared. */
class ChangedObjects {
  private readonly routed: RoutedConfiguration;
  private readonly changed: Partial<Record<Protocol, Record<string, Record<string, unknown>>>> = {};

  constructor(routed: RoutedConfiguration) {
    this.routed = routed;
  }

  get result(): RoutedConfiguration {
    const result: Record<string, unknown> = { ...this.routed };
    for (const protocol of PROTOCOLS) {
      const kinds = this.changed[protocol];
      if (kinds !== undefined) result[protocol] = { ...this.routed[protocol], ...kinds };
    }
    return result as unknown as RoutedConfiguration;
  }

  put(path: string, version: unknown): void {
    const [kind, name] = this.kindOf(path);
    kind[name] = version;
  }

  remove(path: string): void {
    const [kind, name] = this.kindOf(path);
    delete kind[name];
  }

  private kindOf(path: string): [objects: Record<string, unknown>, name: string] {
    const { protocol, kind, name } = split(path);
    this.changed[protocol] ??= {};
    this.changed[protocol][kind] ??= { ...(this.routed[protocol] as unknown as Kinds)[kind] };
    return [this.changed[protocol][kind], name];
  }
}

export function pathOf(protocol: Protocol, kind: string, name: string): string {
  return `${protocol}.${kind}.${name}`;
}

function split(path: string): { protocol: Protocol; kind: string; name: string } {
  const start = path.indexOf('.');
  const end = path.indexOf('.', start + 1);
  const protocol = path.slice(0, start) as Protocol;
  return { protocol, kind: path.slice(start + 1, end), name: path.slice(end + 1) };
}

/** Undefined for paths of anything else, such as entry points. */
function objectAt(routed: RoutedConfiguration, path: string): unknown {
  if (!PROTOCOLS.some((protocol) => path.startsWith(`${protocol}.`))) return undefined;
  const { protocol, kind, name } = split(path);
  const objects = (routed[protocol] as unknown as Kinds)[kind];
  return objects !== undefined && Object.hasOwn(objects, name) ? objects[name] : undefined;
}
