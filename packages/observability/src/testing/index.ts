export * from '../access-log/testing/memory-target.ts';
export * from './parse-exposition.ts';
