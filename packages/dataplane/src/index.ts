export { WORKER_ENTRY } from './process/worker-entry.ts';
export * from './process/worker-protocol.ts';
export { Dataplane, type DataplaneOptions } from './worker/dataplane.ts';
