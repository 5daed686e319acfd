// The supervisor's side of compilation: one thread, one task after the other, only changes sent. The supervisor's loop
// pays for finding the changes and for copying them to the thread, for nothing else.

import type { RoutedConfiguration } from '@sluice/config';
import { closeDescriptor } from '@sluice/native';
import type { Piscina } from 'piscina';
import type { CompilationSettings, CompilationTls } from '../plan/compilation-input.ts';
import type { CompiledSnapshot, CompileReply, CompileTask } from './compile-thread.ts';
import { type ConfigurationState, deltaBetween, EMPTY_STATE } from './configuration-delta.ts';

const THREAD_FILE = new URL('./compile-thread.ts', import.meta.url).href;

/** The whole configuration, merged and under qualified names; must not be changed afterwards. Absent protocols have no objects. */
export interface CompileRequest extends Partial<RoutedConfiguration> {
  readonly http: RoutedConfiguration['http'];
  /** 0 to 2^53-1. */
  readonly revision: number;
  /** Row of every server by `serverKey` and `streamServerKey`. Must not be changed afterwards. */
  readonly rows: ReadonlyMap<string, number>;
  /** Absent: all TLS options can be used. */
  readonly tls?: CompilationTls;
}

export class SnapshotCompiler {
  private readonly settings: CompilationSettings;
  private readonly pool: Promise<Piscina<CompileTask, CompileReply>>;
  private queue: Promise<unknown> = Promise.resolve();
  /** What the thread holds; undefined: not known, start it anew. */
  private sent: ConfigurationState | undefined;
  private generation = 0;
  private closed = false;

  /** The thread starts at once and stays until `close`. */
  constructor(settings: CompilationSettings) {
    const { entryPoints, providerPrecedence, defaultServersTransport, defaultTcpServersTransport } = settings;
    const ofTcp = defaultTcpServersTransport === undefined ? {} : { defaultTcpServersTransport };
    this.settings = { entryPoints, providerPrecedence, defaultServersTransport, ...ofTcp };
    this.pool = startPool();
    this.pool.catch(() => {});
  }

  /**
   * Compiles after all earlier calls. The snapshot is in sealed memory whose descriptor belongs to the caller.
   * @throws Error when a server has no row, memory runs out, the thread dies, or the compiler is closed.
   */
  compile(request: CompileRequest): Promise<CompiledSnapshot> {
    const result = this.queue.then(() => this.run(request));
    this.queue = result.catch(() => {});
    return result;
  }

  /** Waits for the running compilation; later ones are refused. */
  async close(): Promise<void> {
    this.closed = true;
    await this.queue;
    await (await this.pool).destroy();
  }

  private async run(request: CompileRequest): Promise<CompiledSnapshot> {
    this.refuseWhenClosed();
    const reply = await this.send(request);
    const compiled = reply === 'lost' ? await this.send(request) : reply;
    if (compiled === 'lost') throw new Error('the compiler thread does not keep its state');
    if (this.closed) closeDescriptor(compiled.memory.descriptor);
    this.refuseWhenClosed();
    return compiled;
  }

  private refuseWhenClosed(): void {
    if (this.closed) throw new Error('the snapshot compiler is closed');
  }

  /** After anything but success the thread's state counts as unknown. */
  private async send({ revision, tls, ...state }: CompileRequest): Promise<CompileReply> {
    const base = this.sent;
    this.sent = undefined;
    if (base === undefined) this.generation++;
    const pool = await this.pool;
    const reply = await pool.run({
      generation: this.generation,
      settings: base === undefined ? this.settings : undefined,
      delta: deltaBetween(base ?? EMPTY_STATE, state),
      revision,
      tls,
    });
    if (reply !== 'lost') this.sent = state;
    return reply;
  }
}

/** Loaded here and not above: workers import this package too, and never compile. */
async function startPool(): Promise<Piscina<CompileTask, CompileReply>> {
  const { Piscina } = await import('piscina');
  return new Piscina({ filename: THREAD_FILE, minThreads: 1, maxThreads: 1 });
}
