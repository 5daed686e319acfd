// One worker process as its parent sees it: spawned with everything it inherits, spoken to over IPC. Decides nothing about
// replacing or draining it.

import { type ChildProcess, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import {
  type SupervisorMessage,
  WORKER_BOOTSTRAP_VARIABLE,
  type WorkerBootstrap,
  type WorkerMessage,
} from '@sluice/dataplane/process';
import type { NodeMetrics } from '../internal/node-metrics.ts';
import type { ConnectionMailboxes } from '../sockets/connection-mailboxes.ts';
import type { SlotListener } from '../sockets/listener-set.ts';
import { SERVICE_MANAGER_VARIABLES } from '../sockets/socket-activation.ts';

/** Descriptors 0 to 2 are the standard streams, 3 is the IPC channel. */
const FIRST_INHERITED = 4;

const NODE_FLAGS = [
  // No pattern of the configuration can stall a worker.
  '--enable-experimental-regexp-engine-on-excessive-backtracks',
  // Garbage of exchanges dies young: a young generation this big (MiB) keeps it from being promoted.
  '--max-semi-space-size=32',
  // A request runs through many small functions: two to three per cent less processor time than with V8's budget for inlining;
  // more than this costs again.
  '--max-inlined-bytecode-size-cumulative=3000',
  '--max-inlined-bytecode-size=900',
  '--disable-warning=ExperimentalWarning',
  // A signal must not open a debugger.
  '--disable-sigusr1',
] as const;

/** Same for every worker of a node. */
export interface WorkerSettings
  extends Pick<WorkerBootstrap, 'slots' | 'runtimeDirectory' | 'log' | 'accessLog' | 'lifeCycle'> {
  readonly entry: string;
  readonly env: NodeJS.ProcessEnv;
  readonly controlDescriptor: number;
  readonly statusDescriptor: number;
  /** Absent: nothing is counted. */
  readonly metrics?: Pick<NodeMetrics, 'descriptors' | 'settings'>;
  readonly limitsDescriptor: number;
  readonly mailboxes: ConnectionMailboxes;
  readonly bufferedBytesMax: number;
}

export interface Snapshot {
  readonly revision: number;
  /** Sealed memory. */
  readonly descriptor: number;
}

/** TLS material in sealed memory. */
export interface SealedTls {
  readonly number: number;
  readonly descriptor: number;
}

/** What a worker starts with. */
export interface Publication {
  readonly snapshot: Snapshot;
  /** Undefined: nothing is known of TLS. */
  readonly tls: SealedTls | undefined;
}

export interface WorkerEvents {
  /** Whatever came over IPC; unchecked. */
  readonly onMessage: (message: WorkerMessage) => void;
  /** Once, also when the process could not be started at all: then `reason` says why. */
  readonly onExit: (code: number | null, signal: NodeJS.Signals | null, reason?: string) => void;
}

export class WorkerProcess {
  private readonly child: ChildProcess;

  /** The descriptors stay the caller's. */
  constructor(
    settings: WorkerSettings,
    slot: number,
    listeners: readonly SlotListener[],
    publication: Publication,
    events: WorkerEvents,
  ) {
    const { snapshot, tls } = publication;
    const { entry, controlDescriptor, statusDescriptor, limitsDescriptor } = settings;
    // The order of the numbers in the bootstrap.
    const inherited = [
      controlDescriptor,
      statusDescriptor,
      snapshot.descriptor,
      limitsDescriptor,
      ...listeners.map(({ descriptor }) => descriptor),
    ];
    if (settings.metrics !== undefined) inherited.push(settings.metrics.descriptors[slot]!);
    const mailboxes = settings.mailboxes.ofSlot(slot);
    if (mailboxes !== undefined) inherited.push(mailboxes.receive, ...mailboxes.send);
    const tlsAt = FIRST_INHERITED + inherited.length;
    if (tls !== undefined) inherited.push(tls.descriptor);
    const bootstrap = {
      ...bootstrapOf(settings, slot, listeners, snapshot),
      ...(tls === undefined ? {} : { tls: { number: tls.number, descriptor: tlsAt } }),
    };
    this.child = spawn(process.execPath, [...NODE_FLAGS, entry], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc', ...inherited],
      env: environmentOf(settings, bootstrap),
    });
    let ended = false;
    const end = (code: number | null, signal: NodeJS.Signals | null, reason?: string) => {
      if (!ended) events.onExit(code, signal, reason);
      ended = true;
    };
    this.child.on('message', (message) => events.onMessage(message as WorkerMessage));
    this.child.on('exit', (code, signal) => end(code, signal));
    // Also fails kill and send; only a process that never was will not exit.
    this.child.on('error', (error) => {
      if (this.child.pid === undefined) end(null, null, error.message);
    });
  }

  /** 0 when it could not be started. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  send(message: SupervisorMessage): void {
    if (this.child.connected) this.child.send(message, () => {});
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

function bootstrapOf(
  { slots, runtimeDirectory, log, accessLog, lifeCycle, bufferedBytesMax, metrics, mailboxes }: WorkerSettings,
  slot: number,
  listeners: readonly SlotListener[],
  { revision }: Snapshot,
): WorkerBootstrap {
  const behindListeners = FIRST_INHERITED + 4 + listeners.length;
  const firstMailbox = behindListeners + (metrics === undefined ? 0 : 1);
  const send = mailboxes.ofSlot(slot)?.send.map((_, index) => firstMailbox + 1 + index);
  return {
    slot,
    slots,
    runtimeDirectory,
    controlDescriptor: FIRST_INHERITED,
    statusDescriptor: FIRST_INHERITED + 1,
    snapshotDescriptor: FIRST_INHERITED + 2,
    limits: { descriptor: FIRST_INHERITED + 3, bufferedBytesMax },
    revision,
    listeners: listeners.map(({ entryPoint }, index) => ({ entryPoint, descriptor: FIRST_INHERITED + 4 + index })),
    ...(metrics === undefined ? {} : { metrics: { descriptor: behindListeners, settings: metrics.settings } }),
    ...(send === undefined ? {} : { mailboxes: { receive: firstMailbox, send } }),
    ...(accessLog === undefined ? {} : { accessLog }),
    log,
    lifeCycle,
  };
}

function environmentOf({ env, runtimeDirectory }: WorkerSettings, bootstrap: WorkerBootstrap): NodeJS.ProcessEnv {
  const own: NodeJS.ProcessEnv = {
    // Beside the instances: in a folder of ours alone, as whoever can write there decides what workers execute.
    NODE_COMPILE_CACHE: join(dirname(runtimeDirectory), 'compile-cache'),
    ...env,
    [WORKER_BOOTSTRAP_VARIABLE]: JSON.stringify(bootstrap),
  };
  for (const name of SERVICE_MANAGER_VARIABLES) delete own[name];
  return own;
}
