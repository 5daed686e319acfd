// What one document may cost. Every limit is far above real configurations and far below what hurts the supervisor.

/** 32 MiB of UTF-16 code units; 100,000 routers with services take about 25. */
export const DOCUMENT_MAX_CHARACTERS = 32 * 1024 * 1024;
/** Nested collections; the deepest real key is about ten levels down. The YAML composer overflows the stack far above. */
export const DOCUMENT_MAX_DEPTH = 64;
/** Nodes that aliases may add: this many, or ALIAS_MAX_FACTOR times the nodes written out, whichever is more. */
export const ALIAS_FREE_NODES = 100_000;
export const ALIAS_MAX_FACTOR = 20;

/** Thrown inside `source/` only; `parseSource` turns it into a diagnostic. */
export class SourceSyntaxError extends Error {
  /** UTF-16 offset, -1 when unknown. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'SourceSyntaxError';
    this.offset = offset;
  }
}
