// Runs a supervisor as a process: log, runtime directory, signals, exit code. What `sluice run` calls.
// Reads no configuration and never ends the process itself, except after a fault that nothing caught.

import { availableParallelism } from 'node:os';
import type { StaticConfiguration } from '@sluice/config';
import { openProcessLog, type ProcessLog } from '@sluice/dataplane/process';
import { ConfigurationError } from '@sluice/errors';
import { deferred } from './deferred.ts';
import { instanceKeyOf } from './runtime/instance-key.ts';
import { openRuntimeDirectory, runtimeBase } from './runtime/runtime-directory.ts';
import { installSignals, type SignalSource } from './signals.ts';
import { StartError } from './start-error.ts';
import { Supervisor } from './supervisor.ts';
import type { SupervisorLimits } from './supervisor-limits.ts';
import { ServiceNotifier } from './systemd/service-notifier.ts';

/** Exit codes of a supervisor. */
export const SupervisorExit = {
  /** Asked to stop, and every worker has left. */
  STOPPED: 0,
  /** Could not start: another one runs, an address is in use, a folder is not ours, … One line says which. */
  NOT_STARTED: 1,
  /** An exception that nothing caught. The workers go on. */
  FAULT: 70,
  /** Asked twice: connections were cut. */
  CUT: 130,
} as const;

export interface RunOptions {
  readonly configuration: StaticConfiguration;
  /** Two supervisors with the same key replace each other. Default: from the entry points' names and addresses. */
  readonly instanceKey?: string;
  /** Default: of this process. */
  readonly env?: NodeJS.ProcessEnv;
  /** Default: this process. */
  readonly signals?: SignalSource;
  readonly limits?: Partial<SupervisorLimits>;
  /** Called when every worker serves. */
  readonly onReady?: (supervisor: Supervisor) => void;
}

/** Runs until stopped by a signal. @returns the process's exit code, a `SupervisorExit`. Never throws for what an operator did. */
export async function runSupervisor(options: RunOptions): Promise<number> {
  let output: ProcessLog;
  try {
    output = openProcessLog(options.configuration.log);
  } catch (error) {
    process.stderr.write(`the log file cannot be opened: ${(error as Error).message}\n`);
    return SupervisorExit.NOT_STARTED;
  }
  const onFault = (error: Error) => {
    const code = reportEnd(error, output);
    output.flush();
    process.exit(code);
  };
  process.on('uncaughtException', onFault);
  try {
    return await run(options, output);
  } catch (error) {
    return reportEnd(error, output);
  } finally {
    process.off('uncaughtException', onFault);
    output.flush();
  }
}

/** What an operator can change is one sentence; anything else comes with its stack. */
function reportEnd(error: unknown, { log }: ProcessLog): number {
  if (error instanceof StartError || error instanceof ConfigurationError) {
    log.fatal(
      error instanceof StartError && error.entry !== undefined ? { code: error.entry.code } : {},
      error.message,
    );
    return SupervisorExit.NOT_STARTED;
  }
  log.fatal({ err: error }, 'the supervisor failed and ends; workers that run go on until another one takes over');
  return SupervisorExit.FAULT;
}

async function run(options: RunOptions, { log }: ProcessLog): Promise<number> {
  const { configuration, env = process.env } = options;
  const uid = process.getuid!();
  const key = options.instanceKey ?? instanceKeyOf(configuration);
  const supervisor = new Supervisor({
    configuration,
    slots: configuration.workers || availableParallelism(),
    runtimeDirectory: openRuntimeDirectory(runtimeBase(env, uid), key, uid),
    env,
    log,
    notifier: new ServiceNotifier(env, process.pid),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
  const ended = deferred<void>();
  let code: number = SupervisorExit.STOPPED;
  const end = (stopped: Promise<void>) => stopped.then(ended.resolve, ended.reject);
  const uninstall = installSignals(options.signals ?? process, {
    stop: (signal) => {
      log.info({ signal }, 'stopping: no new connections after the accept grace, running exchanges finish');
      void end(supervisor.stop());
    },
    stopNow: () => {
      log.warn('stopping at once: open connections are cut');
      code = SupervisorExit.CUT;
      void end(supervisor.stopNow());
    },
    reload: () => {
      log.info('reading the providers again');
      supervisor.reload();
    },
    reopenAccessLog: () => supervisor.reopenAccessLog(),
  });
  try {
    supervisor.start().then(() => options.onReady?.(supervisor), ended.reject);
    await ended.promise;
    log.info('stopped');
    return code;
  } finally {
    uninstall();
  }
}
