export * from './compile-re2.ts';
export * from './re2-syntax-error.ts';
export * from './replacement.ts';
