// Server names to addresses, through the system's resolver, cached for a few seconds and refreshed in the background.
// Bounded in entries. Literal addresses are what they are.

import { lookup } from 'node:dns';
import { isIP } from 'node:net';

/** Age at which an entry is refreshed (served meanwhile) and at which it is no longer served. */
const FRESH_MS = 5_000;
const STALE_MS = 60_000;
const ENTRIES_MAX = 4_096;

type Waiter = (address: string | undefined, code: string) => void;

interface Entry {
  addresses: readonly string[];
  next: number;
  resolvedAtMs: number;
  waiters: Waiter[] | undefined;
}

/** Replaced in tests. */
export type LookupAll = (
  name: string,
  done: (error: NodeJS.ErrnoException | null, addresses: readonly string[]) => void,
) => void;

export class NameResolver {
  private readonly entries = new Map<string, Entry>();
  private readonly literals = new Set<string>();
  private readonly lookupAll: LookupAll;
  private readonly now: () => number;

  constructor(lookupAll: LookupAll = systemLookup, now: () => number = Date.now) {
    this.lookupAll = lookupAll;
    this.now = now;
  }

  /** An address at once, when the name is a literal or cached; several addresses take turns. */
  cached(name: string): string | undefined {
    if (this.isLiteral(name)) return name;
    const entry = this.usable(name);
    if (entry === undefined) return undefined;
    if (this.now() - entry.resolvedAtMs > FRESH_MS && entry.waiters === undefined) this.query(name, entry);
    entry.next = (entry.next + 1) % entry.addresses.length;
    return entry.addresses[entry.next];
  }

  /** How many addresses `cached` has to give; 1 for a literal. */
  addressCount(name: string): number {
    return this.isLiteral(name) ? 1 : (this.usable(name)?.addresses.length ?? 0);
  }

  /** `done` gets an address, or undefined and the resolver's error code. Never called before this returns. */
  resolve(name: string, done: Waiter): void {
    let entry = this.entries.get(name);
    if (entry === undefined) {
      this.makeRoom();
      entry = { addresses: [], next: 0, resolvedAtMs: 0, waiters: undefined };
      this.entries.set(name, entry);
    }
    if (entry.waiters === undefined) this.query(name, entry);
    entry.waiters!.push(done);
  }

  /** `isIP` is a regular expression, which is dear for every connection. */
  private isLiteral(name: string): boolean {
    if (this.literals.has(name)) return true;
    if (isIP(name) === 0) return false;
    if (this.literals.size >= ENTRIES_MAX) this.literals.clear();
    this.literals.add(name);
    return true;
  }

  private usable(name: string): Entry | undefined {
    const entry = this.entries.get(name);
    if (entry === undefined || entry.addresses.length === 0) return undefined;
    return this.now() - entry.resolvedAtMs > STALE_MS ? undefined : entry;
  }

  private query(name: string, entry: Entry): void {
    entry.waiters = [];
    this.lookupAll(name, (error, addresses) => {
      const waiters = entry.waiters ?? [];
      entry.waiters = undefined;
      if (error === null && addresses.length > 0) {
        entry.addresses = addresses;
        entry.resolvedAtMs = this.now();
      }
      const failure = error?.code ?? 'ENOTFOUND';
      for (const waiter of waiters) {
        if (error !== null || addresses.length === 0) waiter(undefined, failure);
        else waiter(addresses[entry.next++ % addresses.length], '');
      }
    });
  }

  private makeRoom(): void {
    if (this.entries.size < ENTRIES_MAX) return;
    for (const [name, entry] of this.entries) {
      if (entry.waiters !== undefined) continue;
      this.entries.delete(name);
      return;
    }
  }
}

function systemLookup(name: string, done: Parameters<LookupAll>[1]): void {
  lookup(name, { all: true, verbatim: true }, (error, found) => {
    done(error, error === null ? found.map(({ address }) => address) : []);
  });
}
