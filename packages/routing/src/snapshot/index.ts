export * from '../match/client-network.ts';
export type * from '../match/request-view.ts';
export { ObservedSignal } from '../plan/observed-signals.ts';
export { socketPathOf } from '../plan/server-url.ts';
export type * from './records.ts';
export * from './snapshot-error.ts';
export * from './snapshot-matcher.ts';
export * from './snapshot-reader.ts';
export * from './snapshot-verification.ts';
