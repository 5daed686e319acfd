export * from './access-log.ts';
export * from './access-record.ts';
export * from './constant-text.ts';
export * from './field-capture.ts';
export type * from './line-format.ts';
export * from './line-output.ts';
export * from './log-target.ts';
export * from './open-log-target.ts';
export * from './output-troubles.ts';
