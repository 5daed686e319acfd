// What we tell an operator about their configuration: one sentence, where it is, what would be accepted.
// Holds data and its one-line rendering only; who logs it and what happens to the object is decided elsewhere.

/** `error`: the object is refused. `warning`: the object is used; something about it deserves attention. */
export type DiagnosticSeverity = 'error' | 'warning';

/** Stable machine-readable kind of a diagnostic; each is listed in the error catalogue page. */
export type DiagnosticCode =
  | 'CONFIG_SYNTAX' // the document cannot be parsed at all
  | 'CONFIG_UNKNOWN_KEY' // no such key here; `hint` may name the nearest known one
  | 'CONFIG_UNSUPPORTED' // a key of the compatible configuration which this version does not support yet
  | 'CONFIG_VALUE' // wrong type, range or format
  | 'CONFIG_MISSING' // a required key is absent
  | 'CONFIG_CONFLICT' // two keys or two objects contradict each other (duplicate name, several types, …)
  | 'CONFIG_REFERENCE' // names an object that does not exist
  | 'CONFIG_RECURSION' // objects refer to each other in a circle
  | 'CONFIG_RULE' // a router rule does not parse
  | 'CONFIG_FILE'; // a file cannot be read

export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: DiagnosticSeverity;
  /** One sentence, no trailing period, says what is wrong and what is accepted. */
  readonly message: string;
  /** Object path such as `http.routers.web`, when the problem belongs to one object. */
  readonly object?: string;
  /** File path, or `flags` / `environment`. */
  readonly file?: string;
  /** 1-based. */
  readonly line?: number;
  /** 1-based, in UTF-16 code units. */
  readonly column?: number;
  /** What to do about it, e.g. `did you mean "entryPoints"?`. */
  readonly hint?: string;
}

/** `file:line:column: severity: message [object] (hint)`; parts that are unknown are left out. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, message, object, hint } = diagnostic;
  let text = '';
  if (file !== undefined) {
    text += file;
    if (line !== undefined) text += `:${line}`;
    if (line !== undefined && column !== undefined) text += `:${column}`;
    text += ': ';
  }
  text += `${severity}: ${message}`;
  if (object !== undefined) text += ` [${object}]`;
  if (hint !== undefined) text += ` (${hint})`;
  return text;
}
