export { DIAGNOSTIC_TEXTS, type DiagnosticText } from './catalogue/diagnostic-codes.ts';
export type { CatalogueEntry, ErrorBody, ErrorLogLevel, ErrorSide, RetryMeaning } from './catalogue/entry.ts';
export * from './catalogue.ts';
export * from './configuration-error.ts';
export * from './diagnostic.ts';
