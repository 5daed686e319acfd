export * from './parse-exposition.ts';
