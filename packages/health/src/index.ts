export type { AnyTarget } from './any-target.ts';
export type { CheckTls } from './check-tls.ts';
export type * from './datagram/datagram-target.ts';
export * from './health-checks.ts';
export type * from './health-target.ts';
export type { CheckSchedule, ServerRole, StreamCheck, StreamCheckMode, StreamTarget } from './stream/stream-target.ts';
