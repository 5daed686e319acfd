export { type RunOptions, runSupervisor, SupervisorExit } from './run.ts';
export { instanceKeyOf } from './runtime/instance-key.ts';
export { RUNTIME_DIRECTORY_VARIABLE, runtimeBase } from './runtime/runtime-directory.ts';
export type { SignalSource } from './signals.ts';
export { StartError } from './start-error.ts';
export { Supervisor, type SupervisorOptions } from './supervisor.ts';
export type { SupervisorLimits } from './supervisor-limits.ts';
