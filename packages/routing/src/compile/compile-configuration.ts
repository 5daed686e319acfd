// Configuration to snapshot bytes in one step. Pure: equal input gives equal bytes.

import type { Diagnostic } from '@sluice/errors';
import { type BuiltPlan, buildPlan } from '../plan/build-plan.ts';
import type { CompilationInput } from '../plan/compilation-input.ts';
import { writeSnapshot } from '../snapshot/snapshot-writer.ts';

export interface CompilationCounts {
  /** Of all protocols. Configured routers in the snapshot, and left out. */
  readonly routers: number;
  readonly routersRefused: number;
  readonly services: number;
  readonly middlewares: number;
  readonly bytes: number;
}

export interface CompiledConfiguration {
  readonly bytes: Uint8Array;
  readonly diagnostics: readonly Diagnostic[];
  readonly counts: CompilationCounts;
}

export function compileConfiguration(input: CompilationInput): CompiledConfiguration {
  const built = buildPlan(input);
  const bytes = writeSnapshot(built.plan);
  return { bytes, diagnostics: built.diagnostics, counts: countsOf(built, [bytes]) };
}

export function countsOf(
  { plan, routersUsed, routersRefused }: BuiltPlan,
  pieces: readonly Uint8Array[],
): CompilationCounts {
  return {
    routers: routersUsed,
    routersRefused,
    services: plan.services.length + plan.tcpServices.length + plan.udpServices.length,
    middlewares: plan.middlewares.length + plan.tcpMiddlewares.length,
    bytes: pieces.reduce((sum, piece) => sum + piece.byteLength, 0),
  };
}
