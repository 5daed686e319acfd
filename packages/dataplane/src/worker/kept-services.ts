// Services that were made, by name across revisions: one of the same definition, with the same servers and parts, is the same one
// again, so that whose turn it is outlives reloads. Makes none itself. Not on the hot path.

import type { BalancedService } from '@sluice/balancing';

export interface ServiceKey {
  /** Qualified. */
  readonly name: string;
  /** Equal hashes: the same definition. */
  readonly hash: string;
  /** Status rows of its servers, in their order. Default: it has none of its own. */
  readonly rows?: readonly number[];
}

interface Made<Server> {
  readonly hash: string;
  readonly rows: readonly number[];
  readonly parts: readonly BalancedService<Server>[];
  readonly service: BalancedService<Server>;
}

const NO_ROWS: readonly number[] = [];

export class KeptServices<Server> {
  private readonly byName = new Map<string, Made<Server>>();

  /** @param parts the services it is made of, which must be the same objects; none for one with servers of its own */
  obtain(
    { name, hash, rows = NO_ROWS }: ServiceKey,
    parts: readonly BalancedService<Server>[],
    make: () => BalancedService<Server>,
  ): BalancedService<Server> {
    const known = this.byName.get(name);
    if (known?.hash === hash && isEqual(known.rows, rows) && isEqual(known.parts, parts)) return known.service;
    const service = make();
    this.byName.set(name, { hash, rows, parts, service });
    return service;
  }

  /** Forgets all others. */
  keepOnly(names: ReadonlySet<string>): void {
    for (const name of this.byName.keys()) if (!names.has(name)) this.byName.delete(name);
  }
}

function isEqual<Part>(a: readonly Part[], b: readonly Part[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}
