// Says once what is wrong with the configuration: a problem that stays is not repeated with every reload, one that is gone is
// forgotten and would be said again.

import { type Diagnostic, formatDiagnostic } from '@sluice/errors';
import type { Logger } from 'pino';

/** One broken generator must not bury the rest of the log. */
const LINES_MAX = 100;

export class DiagnosticsLog {
  private readonly log: Logger;
  private said = new Set<string>();

  constructor(log: Logger) {
    this.log = log;
  }

  /** @param diagnostics everything that is wrong now. */
  report(diagnostics: readonly Diagnostic[]): void {
    const current = new Set<string>();
    let lines = 0;
    for (const diagnostic of diagnostics) {
      const text = formatDiagnostic(diagnostic);
      if (current.has(text)) continue;
      current.add(text);
      if (this.said.has(text) || ++lines > LINES_MAX) continue;
      this.log[diagnostic.severity === 'error' ? 'error' : 'warn']({ code: diagnostic.code }, text);
    }
    if (lines > LINES_MAX) this.log.error(`${lines - LINES_MAX} more problems of the configuration are not shown`);
    const gone = [...this.said].filter((text) => !current.has(text)).length;
    if (gone > 0) this.log.info({ gone, left: current.size }, 'problems of the configuration are gone');
    this.said = current;
  }
}
