// Signals of the supervisor: SIGTERM and SIGINT drain, a second one ends everything at once, SIGHUP reads the providers again,
// SIGUSR1 opens the access log anew.

/** The part of `process` that is used. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: () => void): unknown;
  off(signal: NodeJS.Signals, listener: () => void): unknown;
}

export interface SignalActions {
  readonly stop: (signal: NodeJS.Signals) => void;
  readonly stopNow: () => void;
  readonly reload: () => void;
  readonly reopenAccessLog: () => void;
}

/** SIGUSR2 would end the process. */
const IGNORED = ['SIGUSR2', 'SIGPIPE'] as const;

/** @returns a function that takes the handlers away again. */
export function installSignals(source: SignalSource, actions: SignalActions): () => void {
  let asked = false;
  const onStop = (signal: NodeJS.Signals) => () => {
    if (asked) actions.stopNow();
    else actions.stop(signal);
    asked = true;
  };
  const handlers: [NodeJS.Signals, () => void][] = [
    ['SIGTERM', onStop('SIGTERM')],
    ['SIGINT', onStop('SIGINT')],
    ['SIGHUP', actions.reload],
    ['SIGUSR1', actions.reopenAccessLog],
    ...IGNORED.map((signal): [NodeJS.Signals, () => void] => [signal, () => {}]),
  ];
  for (const [signal, handler] of handlers) source.on(signal, handler);
  return () => {
    for (const [signal, handler] of handlers) source.off(signal, handler);
  };
}
