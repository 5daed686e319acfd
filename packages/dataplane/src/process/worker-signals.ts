// What a worker does on signals. A signal to the whole process group (a terminal's Ctrl-C, a service manager) reaches workers
// too: as long as a supervisor lives it decides alone, and a worker ignores them.

/** The part of `process` that is used. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
}

export interface WorkerSignalActions {
  readonly isSupervised: () => boolean;
  readonly drain: () => void;
  readonly leaveNow: () => void;
}

/** SIGUSR1 among them: Node would open its inspector. SIGUSR2 would end the process. */
const IGNORED = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGPIPE'] as const;

/** Without a supervisor the first SIGTERM or SIGINT drains and the next one ends the worker at once. */
export function installWorkerSignals(source: SignalSource, actions: WorkerSignalActions): void {
  let asked = false;
  const onStop = () => {
    if (actions.isSupervised()) return;
    if (asked) actions.leaveNow();
    else actions.drain();
    asked = true;
  };
  source.on('SIGTERM', onStop);
  source.on('SIGINT', onStop);
  for (const signal of IGNORED) source.on(signal, () => {});
}
