// Why a supervisor cannot start, in one sentence for the operator. Everything later is logged and survived instead.

import type { CatalogueEntry } from '@sluice/errors';

export class StartError extends Error {
  /** Undefined when the sentence says everything. */
  readonly entry: CatalogueEntry | undefined;

  constructor(message: string, entry?: CatalogueEntry, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StartError';
    this.entry = entry;
  }
}
