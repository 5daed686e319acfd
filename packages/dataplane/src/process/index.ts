// What the supervisor needs to know of worker processes. Loads nothing of the data path.

export { askControl } from './control-client.ts';
export { type ControlHandler, ControlServer } from './control-server.ts';
export { checkAccessLog } from './open-access-log.ts';
export { openProcessLog, type ProcessLog, type ProcessLogOptions } from './process-log.ts';
export {
  adminSocketPath,
  pidOfWorkerControl,
  supervisorControlPath,
  takeoverMailboxPath,
  workerControlPath,
  workerMailboxPath,
} from './runtime-paths.ts';
export { WORKER_ENTRY } from './worker-entry.ts';
export * from './worker-protocol.ts';
export { HEARTBEAT_INTERVAL_MS } from './worker-shell.ts';
