// Thrown only where nothing can go on without the configuration (the static one at start).
// Problems of single dynamic objects are returned as diagnostics instead, so the rest keeps serving.

import { type Diagnostic, formatDiagnostic } from './diagnostic.ts';

export class ConfigurationError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map(formatDiagnostic).join('\n'));
    this.name = 'ConfigurationError';
    this.diagnostics = diagnostics;
  }
}
