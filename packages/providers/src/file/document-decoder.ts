// Decodes the text of a configuration file: small ones at once, big ones in a thread, so that the loop that answers
// health checks and spawns workers is never held up by parsing. Keeps nothing between calls.

import { type DecodedDynamic, decodeDynamic, type MiddlewareTypes, type StaticConfiguration } from '@sluice/config';
import { middlewareTypes as builtInTypes } from '@sluice/middlewares';
import { Piscina } from 'piscina';

/**
 * Texts from these lengths on, in UTF-16 units, are decoded in the thread: starting it delays whoever waits for the first
 * configuration, decoding on the loop delays requests where supervisor and workers share a core.
 */
const THREAD_FROM_LENGTH = { atStart: 64 * 1024, later: 4 * 1024 } as const;
const START_MS = 2_000;
/** The thread ends after this time without work. */
const THREAD_IDLE_MS = 10_000;

export type UnknownKeys = StaticConfiguration['validation']['unknownKeys'];

export interface DocumentSource {
  readonly text: string;
  readonly format: 'yaml' | 'toml';
  readonly file: string;
}

export interface DocumentDecoderOptions {
  readonly middlewareTypes: MiddlewareTypes;
  readonly unknownKeys: UnknownKeys;
}

export class DocumentDecoder {
  private readonly options: DocumentDecoderOptions;
  private readonly threadable: boolean;
  private readonly madeAtMs = performance.now();
  private pool: Piscina | undefined;

  constructor(options: DocumentDecoderOptions) {
    this.options = options;
    // Schemas cannot be sent to a thread, which therefore knows the built-in types only.
    this.threadable = [...options.middlewareTypes].every(([name, type]) => builtInTypes.get(name) === type);
  }

  async decode(source: DocumentSource): Promise<DecodedDynamic> {
    if (!this.threadable || source.text.length < this.threadFromLength()) {
      const { middlewareTypes, unknownKeys } = this.options;
      return decodeDynamic({ ...source, middlewareTypes, unknownKeys, positions: true });
    }
    this.pool ??= new Piscina({
      filename: new URL('./decode-thread.ts', import.meta.url).href,
      maxThreads: 1,
      minThreads: 0,
      idleTimeout: THREAD_IDLE_MS,
    });
    const types = [...this.options.middlewareTypes.keys()];
    return await this.pool.run({ source, types, unknownKeys: this.options.unknownKeys });
  }

  private threadFromLength(): number {
    const { atStart, later } = THREAD_FROM_LENGTH;
    return performance.now() - this.madeAtMs < START_MS ? atStart : later;
  }

  /** Ends the thread; what it was decoding is rejected. */
  async close(): Promise<void> {
    await this.pool?.destroy();
    this.pool = undefined;
  }
}
