// Which names stand behind the hashes in the rows of metrics blocks: those of the configuration in force, and for a while those
// that are gone. What is gone is shown once more and then forgotten; its rows are free when no worker can hold a revision that
// names it, since a worker keeps positions of rows as long as such a revision.

import { nameHash } from '@sluice/shared-state';

export type NameGroup = 'entryPoints' | 'routers' | 'services';

/** What nobody has asked for in this time counts as shown: pages may never be fetched. */
const SHOWN_AFTER_MS = 10 * 60_000;
/** Hashes that are remembered as free. A late count of an exchange that outlived its revision finds its row freed then. */
const RELEASED_MAX = 100_000;

interface Entry {
  readonly name: string;
  readonly hash: number;
  lastRevision: number;
  /** Undefined while it is in the configuration. */
  goneAtMs: number | undefined;
  shown: boolean;
}

class Group {
  readonly byHash = new Map<number, Entry>();
  readonly released = new Set<number>();
  private readonly byName = new Map<string, Entry>();

  put(names: Iterable<string>, revision: number, nowMs: number): void {
    for (const name of names) {
      const entry = this.byName.get(name) ?? this.add(name);
      entry.lastRevision = revision;
      entry.goneAtMs = undefined;
      entry.shown = false;
    }
    for (const entry of this.byName.values()) {
      if (entry.lastRevision !== revision) entry.goneAtMs ??= nowMs;
    }
  }

  markShown(): void {
    for (const entry of this.byName.values()) if (entry.goneAtMs !== undefined) entry.shown = true;
  }

  /** @returns true when there is something new among the released. */
  release(oldestRevision: number, nowMs: number): boolean {
    let any = false;
    for (const entry of this.byName.values()) {
      const { goneAtMs, lastRevision, name, hash } = entry;
      if (goneAtMs === undefined || lastRevision >= oldestRevision) continue;
      if (!entry.shown && nowMs - goneAtMs < SHOWN_AFTER_MS) continue;
      this.byName.delete(name);
      this.byHash.delete(hash);
      if (this.released.size >= RELEASED_MAX) this.released.delete(this.released.values().next().value!);
      this.released.add(hash);
      any = true;
    }
    return any;
  }

  private add(name: string): Entry {
    const entry: Entry = { name, hash: nameHash(name), lastRevision: 0, goneAtMs: undefined, shown: false };
    this.byName.set(name, entry);
    this.byHash.set(entry.hash, entry);
    this.released.delete(entry.hash);
    return entry;
  }
}

export class MetricNames {
  private readonly groups: Readonly<Record<NameGroup, Group>> = {
    entryPoints: new Group(),
    routers: new Group(),
    services: new Group(),
  };

  /** Entry points are there for good. */
  constructor(entryPoints: Iterable<string>) {
    this.groups.entryPoints.put(entryPoints, 0, 0);
  }

  /** To be called before a worker can see the revision. All names that are in it. */
  publish(revision: number, routers: Iterable<string>, services: Iterable<string>, nowMs: number): void {
    this.groups.routers.put(routers, revision, nowMs);
    this.groups.services.put(services, revision, nowMs);
  }

  /** Undefined for what is not to be shown (any more). */
  nameOf(group: NameGroup, hash: number): string | undefined {
    const entry = this.groups[group].byHash.get(hash);
    return entry?.shown === false ? entry.name : undefined;
  }

  /** Everything there is has been shown: what is gone need not be shown again. */
  markShown(): void {
    this.groups.routers.markShown();
    this.groups.services.markShown();
  }

  /** @returns true when rows can be freed: `isReleased` says which. */
  release(oldestRevision: number, nowMs: number): boolean {
    const routers = this.groups.routers.release(oldestRevision, nowMs);
    return this.groups.services.release(oldestRevision, nowMs) || routers;
  }

  isReleased(group: NameGroup, hash: number): boolean {
    return this.groups[group].released.has(hash);
  }
}
