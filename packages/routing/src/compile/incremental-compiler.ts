// Compiles one configuration after the other from the changes between them. Keeps every object with what was made of
// it, so a change costs its own compilation plus one pass over numbers. The result is what compileConfiguration gives
// for the same configuration, except for the numbering of strings and of objects.

import type { Diagnostic } from '@sluice/errors';
import { buildPlanOf } from '../plan/build-plan.ts';
import { type CompilationSettings, type CompilationTls, serviceOfKey } from '../plan/compilation-input.ts';
import { ConfigurationObjects } from '../plan/configuration-objects.ts';
import { SnapshotWriter } from '../snapshot/snapshot-writer.ts';
import { type CompilationCounts, countsOf } from './compile-configuration.ts';
import type { ConfigurationDelta } from './configuration-delta.ts';

export interface IncrementalCompilation {
  /** The snapshot when put one behind the other (`joinPieces`); valid until the next compilation. */
  readonly pieces: readonly Uint8Array[];
  readonly diagnostics: readonly Diagnostic[];
  readonly counts: CompilationCounts;
  readonly durations: CompilationDurations;
}

/** Milliseconds. */
export interface CompilationDurations {
  readonly applyMs: number;
  readonly planMs: number;
  readonly writeMs: number;
}

export class IncrementalCompiler {
  private readonly settings: CompilationSettings;
  private readonly objects = new ConfigurationObjects();
  private readonly writer = new SnapshotWriter();
  private readonly rows = new Map<string, number>();

  constructor(settings: CompilationSettings) {
    this.settings = settings;
  }

  /**
   * Applies the changes and compiles everything under a revision (0 to 2^53-1).
   * @param tls of the whole configuration; absent: all TLS options can be used
   * @throws Error when a server has no status row; the changes stay applied.
   */
  compile(delta: ConfigurationDelta, revision: number, tls?: CompilationTls): IncrementalCompilation {
    const start = performance.now();
    this.apply(delta);
    const applied = performance.now();
    const statusRow = (key: string) => this.statusRow(key);
    const whole = { ...this.settings, revision, objects: this.objects, statusRow };
    const built = buildPlanOf(tls === undefined ? whole : { ...whole, tls });
    const planned = performance.now();
    const pieces = this.writer.write(built.plan);
    const written = performance.now();
    return {
      pieces,
      diagnostics: built.diagnostics,
      counts: countsOf(built, pieces),
      durations: { applyMs: applied - start, planMs: planned - applied, writeMs: written - planned },
    };
  }

  private apply({ upserts, deletes, rows, rowsDeleted }: ConfigurationDelta): void {
    const { objects } = this;
    objects.remove(deletes);
    objects.put(upserts);
    for (const key of rowsDeleted) this.rows.delete(key);
    for (const [key, row] of rows) {
      this.rows.set(key, row);
      objects.forgetRow(serviceOfKey(key));
    }
  }

  private statusRow(key: string): number {
    const row = this.rows.get(key);
    if (row === undefined) throw new Error(`no status row for the server ${JSON.stringify(key)}`);
    return row;
  }
}
