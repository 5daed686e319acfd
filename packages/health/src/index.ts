export type { CheckTls } from './check-tls.ts';
export * from './health-checks.ts';
export type * from './health-target.ts';
