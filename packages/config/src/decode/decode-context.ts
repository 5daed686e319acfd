// State of decoding one object: where diagnostics go and how they are positioned. Short-lived; one per object.

import type { Diagnostic, DiagnosticCode, DiagnosticSeverity } from '@sluice/errors';
import type { SourceDocument } from '../source/source-node.ts';
import type { UnsupportedKeys } from './unsupported-keys.ts';

export interface DecodeOptions {
  readonly unknownKeys: 'error' | 'warn';
  readonly unsupportedKeys: UnsupportedKeys;
}

/** Objects with more problems than this report only the first ones. */
const DIAGNOSTICS_MAX_PER_OBJECT = 50;

export class DecodeContext {
  readonly diagnostics: Diagnostic[] = [];
  readonly document: SourceDocument;
  readonly options: DecodeOptions;
  /** Object path for diagnostics, such as `http.routers.web`; undefined for the root of the static configuration. */
  readonly object: string | undefined;
  #hasErrors = false;

  constructor(document: SourceDocument, options: DecodeOptions, object: string | undefined) {
    this.document = document;
    this.options = options;
    this.object = object;
  }

  get hasErrors(): boolean {
    return this.#hasErrors;
  }

  report(
    severity: DiagnosticSeverity,
    code: DiagnosticCode,
    message: string,
    offset: number,
    extra: { readonly hint?: string } = {},
  ): void {
    if (severity === 'error') this.#hasErrors = true;
    if (this.diagnostics.length >= DIAGNOSTICS_MAX_PER_OBJECT) return;
    const { name, position } = this.document;
    const object = this.object === undefined ? {} : { object: this.object };
    this.diagnostics.push({ code, severity, message, ...object, file: name, ...position(offset), ...extra });
  }
}
