// What changes from one configuration to the next, object by object, so that only that goes to the compiler's thread.

import type { HttpConfiguration } from '@sluice/config';

type Kind = keyof HttpConfiguration;
const KINDS: readonly Kind[] = ['routers', 'services', 'middlewares', 'serversTransports'];

export interface ConfigurationDelta {
  /** New and changed objects. */
  readonly upserts: HttpConfiguration;
  /** Qualified names. */
  readonly deletes: Readonly<Record<Kind, readonly string[]>>;
  /** New and changed rows by `serverKey`. */
  readonly rows: readonly (readonly [key: string, row: number])[];
  readonly rowsDeleted: readonly string[];
}

/** A configuration with the status rows of its servers (by `serverKey`). */
export interface ConfigurationState {
  readonly http: HttpConfiguration;
  readonly rows: ReadonlyMap<string, number>;
}

export const EMPTY_STATE: ConfigurationState = {
  http: { routers: {}, services: {}, middlewares: {}, serversTransports: {} },
  rows: new Map(),
};

/** Objects are compared by content, after their identity. */
export function deltaBetween(previous: ConfigurationState, next: ConfigurationState): ConfigurationDelta {
  const upserts: Record<Kind, Record<string, unknown>> = emptyByKind(() => ({}));
  const deletes: Record<Kind, string[]> = emptyByKind(() => []);
  for (const kind of KINDS) {
    const [before, after] = [previous.http[kind], next.http[kind]];
    for (const name of Object.keys(after)) {
      const isKnown = Object.hasOwn(before, name);
      if (!isKnown || !equalData(before[name], after[name])) upserts[kind][name] = after[name];
    }
    for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) deletes[kind].push(name);
  }
  return {
    upserts: upserts as unknown as HttpConfiguration,
    deletes,
    rows: [...next.rows].filter(([key, row]) => previous.rows.get(key) !== row),
    rowsDeleted: [...previous.rows.keys()].filter((key) => !next.rows.has(key)),
  };
}

function emptyByKind<Value>(make: () => Value): Record<Kind, Value> {
  return { routers: make(), services: make(), middlewares: make(), serversTransports: make() };
}

/** Equality of plain data (as JSON, and bigint); an absent property and an undefined one differ. */
function equalData(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  for (const key of keys) {
    if (!Object.hasOwn(b, key)) return false;
    if (!equalData((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])) return false;
  }
  return true;
}
