// Makes the slots of a node: what they have in common, and what they tell the supervisor.

import type { StaticConfiguration } from '@sluice/config';
import { WORKER_ENTRY } from '@sluice/dataplane/process';
import type { Logger } from 'pino';
import type { NodeMetrics } from '../internal/node-metrics.ts';
import { lifeCycleOf } from '../life-cycle.ts';
import type { NodeMemory } from '../node-memory.ts';
import type { ConnectionMailboxes } from '../sockets/connection-mailboxes.ts';
import type { ListenerSet } from '../sockets/listener-set.ts';
import { Slot } from './slot.ts';
import { WorkerPool } from './worker-pool.ts';
import { type SealedTls, type Snapshot, WorkerProcess, type WorkerSettings } from './worker-process.ts';

export interface PoolOptions {
  readonly configuration: StaticConfiguration;
  readonly slots: number;
  readonly runtimeDirectory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly memory: NodeMemory;
  /** Absent: nothing is counted. */
  readonly metrics?: NodeMetrics | undefined;
  readonly listeners: ListenerSet;
  readonly mailboxes: ConnectionMailboxes;
  readonly limits: { readonly startTimeoutMs: number; readonly heartbeatTimeoutMs: number };
  readonly snapshot: () => Snapshot;
  /** Default: there is none. */
  readonly tls?: () => SealedTls | undefined;
  readonly onReady: (slot: number) => void;
  readonly onGone: (slot: number) => void;
  readonly onReleased: () => void;
  readonly onRefused: (revision: number) => void;
  readonly onTlsRefused?: (number: number) => void;
}

export function createPool(options: PoolOptions): WorkerPool {
  const { configuration, slots, runtimeDirectory, env, log, memory, metrics, listeners, mailboxes, limits } = options;
  const settings: WorkerSettings = {
    slots,
    runtimeDirectory,
    env,
    log: configuration.log,
    accessLog: configuration.accessLog,
    lifeCycle: lifeCycleOf(configuration),
    entry: WORKER_ENTRY,
    controlDescriptor: memory.controlDescriptor,
    statusDescriptor: memory.statusDescriptor,
    ...(metrics === undefined ? {} : { metrics }),
    limitsDescriptor: memory.limitsDescriptor,
    mailboxes,
    bufferedBytesMax: configuration.limits.maxBufferedBytesPerWorker,
  };
  const createSlot = (_: unknown, slot: number): Slot =>
    new Slot({
      ...limits,
      slot,
      runtimeDirectory,
      log,
      control: memory.control,
      spawn: (publication, events) => new WorkerProcess(settings, slot, listeners.ofSlot(slot), publication, events),
      snapshot: options.snapshot,
      tls: options.tls ?? (() => undefined),
      onReady: () => options.onReady(slot),
      onGone: () => options.onGone(slot),
      onReleased: options.onReleased,
      onRefused: options.onRefused,
      onTlsRefused: options.onTlsRefused ?? (() => {}),
    });
  return new WorkerPool(Array.from({ length: slots }, createSlot));
}
