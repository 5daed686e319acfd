// What changes from one configuration to the next, object by object, so that only that goes to the compiler's thread.

import { emptyRouted, PROTOCOLS, type Protocol, ROUTED_KINDS, type RoutedConfiguration } from '@sluice/config';

export interface ConfigurationDelta {
  /** New and changed objects. */
  readonly upserts: RoutedConfiguration;
  /** Qualified names by protocol and kind. */
  readonly deletes: Readonly<Record<Protocol, Readonly<Record<string, readonly string[]>>>>;
  /** New and changed rows by `serverKey` and `streamServerKey`. */
  readonly rows: readonly (readonly [key: string, row: number])[];
  readonly rowsDeleted: readonly string[];
}

/** A configuration with the status rows of its servers (by `serverKey` and `streamServerKey`); absent protocols have no objects. */
export interface ConfigurationState extends Partial<RoutedConfiguration> {
  readonly http: RoutedConfiguration['http'];
  readonly rows: ReadonlyMap<string, number>;
}

export const EMPTY_STATE: ConfigurationState = { ...emptyRouted(), rows: new Map() };

type Kinds = Record<string, Record<string, unknown>>;

/** Objects are compared by content, after their identity. */
export function deltaBetween(previous: ConfigurationState, next: ConfigurationState): ConfigurationDelta {
  const upserts = emptyRouted();
  const deletes = { http: {}, tcp: {}, udp: {} } as Record<Protocol, Record<string, string[]>>;
  for (const protocol of PROTOCOLS) {
    const [before, after] = [previous, next].map((state) => (state[protocol] ?? NOTHING[protocol]) as unknown as Kinds);
    const changed = upserts[protocol] as unknown as Kinds;
    for (const kind of ROUTED_KINDS[protocol]) {
      deletes[protocol][kind] = compare(before![kind]!, after![kind]!, changed[kind]!);
    }
  }
  return {
    upserts,
    deletes,
    rows: [...next.rows].filter(([key, row]) => previous.rows.get(key) !== row),
    rowsDeleted: [...previous.rows.keys()].filter((key) => !next.rows.has(key)),
  };
}

const NOTHING = emptyRouted();

/** Fills in what is new or has changed. @returns names of what is gone. */
function compare(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  changed: Record<string, unknown>,
): string[] {
  if (before === after) return [];
  for (const name of Object.keys(after)) {
    const isKnown = Object.hasOwn(before, name);
    if (!isKnown || !equalData(before[name], after[name])) changed[name] = after[name];
  }
  return Object.keys(before).filter((name) => !Object.hasOwn(after, name));
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
