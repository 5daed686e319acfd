export * from './health-checks.ts';
export type * from './health-target.ts';
