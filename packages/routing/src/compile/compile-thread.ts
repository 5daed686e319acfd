// The compiler's thread: applies changes, compiles, and writes the snapshot into sealed shared memory. Runs inside the one
// thread of SnapshotCompiler's pool and keeps its state between tasks; talks to nobody else.

import { writeSync } from 'node:fs';
import type { Diagnostic } from '@sluice/errors';
import { closeDescriptor, createSharedMemory, type SharedMemory, seal, yieldToRequests } from '@sluice/native';
import type { CompilationSettings, CompilationTls } from '../plan/compilation-input.ts';
import type { CompilationCounts } from './compile-configuration.ts';
import type { ConfigurationDelta } from './configuration-delta.ts';
import { type CompilationDurations, IncrementalCompiler } from './incremental-compiler.ts';

export interface CompileTask {
  /** Tells states apart: a thread that does not hold this one answers `lost`. */
  readonly generation: number;
  /** Present: forget everything and start this generation from nothing. */
  readonly settings: CompilationSettings | undefined;
  readonly delta: ConfigurationDelta;
  readonly revision: number;
  readonly tls: CompilationTls | undefined;
}

export interface CompiledSnapshot {
  readonly revision: number;
  /** Sealed; whoever receives the result closes its descriptor. */
  readonly memory: SharedMemory;
  readonly diagnostics: readonly Diagnostic[];
  readonly counts: CompilationCounts;
  readonly durations: CompilationDurations & { readonly shareMs: number };
}

/** `lost`: the thread was replaced and knows nothing; send the task again with settings and the whole configuration. */
export type CompileReply = CompiledSnapshot | 'lost';

yieldToRequests();

let state: { readonly generation: number; readonly compiler: IncrementalCompiler } | undefined;

export default function compileTask({ generation, settings, delta, revision, tls }: CompileTask): CompileReply {
  if (settings !== undefined) state = { generation, compiler: new IncrementalCompiler(settings) };
  if (state?.generation !== generation) return 'lost';
  const { pieces, diagnostics, counts, durations } = state.compiler.compile(delta, revision, tls);
  const start = performance.now();
  const memory = share(pieces, counts.bytes, revision);
  const shareMs = performance.now() - start;
  return { revision, memory, diagnostics, counts, durations: { ...durations, shareMs } };
}

function share(pieces: readonly Uint8Array[], byteLength: number, revision: number): SharedMemory {
  const memory = createSharedMemory(`sluice-snapshot-${revision}`, byteLength);
  try {
    // Writing to the file takes its pages in large steps; touching a map would take a page fault for each.
    let position = 0;
    for (const piece of pieces) {
      for (let at = 0; at < piece.byteLength; ) at += writeSync(memory.descriptor, piece, at, undefined, position + at);
      position += piece.byteLength;
    }
    seal(memory.descriptor);
    return memory;
  } catch (error) {
    closeDescriptor(memory.descriptor);
    throw error;
  }
}
