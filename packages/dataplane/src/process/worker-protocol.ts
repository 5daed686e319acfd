// What a supervisor and a worker process say to each other: the start-up environment and the messages, as types.
// Messages are rare (start, publish, drain); nothing here is ever sent per request.

import type { AccessLogConfiguration } from '@sluice/config';
import type { MetricsSettings } from '@sluice/observability/metrics';

/** Environment variable of a worker: JSON of `WorkerBootstrap`. */
export const WORKER_BOOTSTRAP_VARIABLE = 'SLUICE_WORKER_BOOTSTRAP';

/** How long a worker that leaves goes on as before, and then waits for what runs. */
export interface DrainTimes {
  readonly acceptGraceMs: number;
  readonly graceMs: number;
}

/** Datagrams after streams. */
export interface LifeCycle {
  readonly streams: DrainTimes;
  readonly datagrams: DrainTimes;
}

export interface WorkerBootstrap {
  readonly slot: number;
  readonly slots: number;
  /** Folder (mode 0700) for the worker's mailbox and control socket. */
  readonly runtimeDirectory: string;
  /** Inherited descriptors. */
  readonly controlDescriptor: number;
  readonly statusDescriptor: number;
  readonly snapshotDescriptor: number;
  /** The memory of limits that all workers share, and how much this one may keep for its peers; 0: no bound. */
  readonly limits: { readonly descriptor: number; readonly bufferedBytesMax: number };
  readonly revision: number;
  /** Sealed memory of the TLS material. Absent: there is none. */
  readonly tls?: { readonly number: number; readonly descriptor: number };
  /** Absent: nothing is counted. */
  readonly metrics?: { /** Of the slot's block. */ readonly descriptor: number; readonly settings: MetricsSettings };
  readonly listeners: readonly { readonly entryPoint: string; readonly descriptor: number }[];
  /** Connection mailboxes: the slot's own, and those of all slots to send to, in order. Absent for a single slot. */
  readonly mailboxes?: { readonly receive: number; readonly send: readonly number[] };
  /** Absent: there is no access log. */
  readonly accessLog?: AccessLogConfiguration;
  readonly log: { readonly level: string; readonly format: 'common' | 'json'; readonly filePath: string };
  /** For a worker whose supervisor is gone and that is told to leave by a signal. */
  readonly lifeCycle: LifeCycle;
}

/** Supervisor → worker, over the IPC channel. */
export type SupervisorMessage =
  /** The sealed snapshot's descriptor has been put into the worker's mailbox before. */
  | { readonly type: 'publish'; readonly revision: number }
  /** Likewise of TLS material that came without a snapshot. */
  | { readonly type: 'publish-tls'; readonly number: number }
  /** Connections: datagrams pass as before until the next message. */
  | ({ readonly type: 'drain' } & DrainTimes)
  /** The last connection of the node is over. To a worker that has said `drained-streams`. */
  | ({ readonly type: 'drain-datagrams' } & DrainTimes)
  | { readonly type: 'leave-now' }
  /** The file has been renamed: lines go on in a new one. */
  | { readonly type: 'reopen-access-log' };

/** Worker → supervisor. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly revision: number }
  | { readonly type: 'switched'; readonly revision: number; readonly pauseUs: number }
  /** The worker has unmapped that revision. */
  | { readonly type: 'released'; readonly revision: number }
  | { readonly type: 'refused'; readonly revision: number; readonly reason: string }
  /** TLS material is in force; `refused-tls`: it is not. */
  | { readonly type: 'switched-tls'; readonly number: number }
  | { readonly type: 'refused-tls'; readonly number: number; readonly reason: string }
  /** Of a worker that receives datagrams, and waits to be told about them. */
  | { readonly type: 'drained-streams' }
  /** It leaves now. */
  | { readonly type: 'drained' };

/** New supervisor → orphaned worker, one JSON object per line over the worker's control socket. */
export type TakeoverRequest =
  /** Send the listening descriptors (as `HandOverMail`) to the mailbox at this path, then answer. */
  { readonly type: 'hand-over'; readonly mailbox: string } | ({ readonly type: 'drain' } & DrainTimes);

export type TakeoverReply =
  | { readonly type: 'handed-over'; readonly slot: number; readonly listeners: readonly string[] }
  | { readonly type: 'draining' }
  | { readonly type: 'refused'; readonly reason: string };

/** Payload (JSON) of a mail from the supervisor; for each field that is there, in this order, it has a descriptor of sealed memory. */
export interface PublicationMail {
  readonly revision?: number;
  /** Number of TLS material. */
  readonly tls?: number;
}

/** Payload (JSON) of a mail that hands listening sockets over, a few per mail; names and descriptors are in the same order. */
export interface HandOverMail {
  readonly pid: number;
  readonly slot: number;
  readonly entryPoints: readonly string[];
}

/** Exit codes of a worker. */
export const WorkerExit = {
  /** Drained, or told to leave. */
  LEFT: 0,
  /** An exception that nothing caught. */
  FAULT: 1,
  /** The bootstrap, the inherited memory or the first snapshot cannot be used. */
  NOT_STARTED: 3,
} as const;
