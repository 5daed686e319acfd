// All active health checks of a node: keeps one schedule per status row, publishes every transition to shared memory.
// Runs in the supervisor. Picking servers and slow start are decided elsewhere, from what is published here.

import { createHash } from 'node:crypto';
import { Errors } from '@sluice/errors';
import { ServerHealth, type ServerStatus } from '@sluice/shared-state';
import { type AnyTarget, proberOf } from './any-target.ts';
import { CheckQueue } from './check-queue.ts';
import type { HealthChange, HealthLog, HealthState, HealthTargetServer } from './health-target.ts';
import type { CheckOutcome } from './http-check.ts';
import { ServerCheck, type ServerCheckOptions } from './server-check.ts';
import { StallWatch } from './stall-watch.ts';

export interface HealthChecksOptions {
  readonly status: ServerStatus;
  readonly log: HealthLog;
  /** Called once per transition, after shared memory has been changed. */
  readonly onChange: (change: HealthChange) => void;
  /** Checks of this process that may run at the same time, but for those that have waited for their answer for a while. Default 32. */
  readonly concurrentMax?: number;
}

/** What is known of one status row. `check` is undefined for a server without health check. */
interface Entry {
  readonly service: string;
  readonly url: string;
  /** Equal settings mean that the running schedule can be kept. */
  readonly settings: string;
  check: ServerCheck | undefined;
}

const CONCURRENT_MAX_DEFAULT = 32;
/** Each is a descriptor of the supervisor. */
const STARTED_MAX = 512;
/** A server nearby has answered by then. */
const PATIENT_AFTER_MS = 100;
const HEALTH_OF: Readonly<Record<HealthState, number>> = {
  up: ServerHealth.UP,
  down: ServerHealth.DOWN,
  unknown: ServerHealth.UNKNOWN,
};

/** A digest: authorities are long, and keys and passwords are nobody's business. */
function settingsOf(target: AnyTarget): string {
  const { kind = 'http', healthCheck = null } = target;
  const forwardingTimeouts = 'forwardingTimeouts' in target ? target.forwardingTimeouts : null;
  const tls = 'tls' in target && healthCheck !== null ? target.tls : null;
  const text = JSON.stringify([kind, healthCheck, forwardingTimeouts, tls]);
  return createHash('sha256').update(text).digest('base64');
}

export class HealthChecks {
  private readonly options: HealthChecksOptions;
  private readonly queue: CheckQueue;
  private readonly stalls = new StallWatch();
  private readonly entries = new Map<number, Entry>();
  private closed = false;

  constructor(options: HealthChecksOptions) {
    this.options = options;
    const runningMax = options.concurrentMax ?? CONCURRENT_MAX_DEFAULT;
    const startedMax = Math.max(runningMax, STARTED_MAX);
    this.queue = new CheckQueue({ runningMax, startedMax, patientAfterMs: PATIENT_AFTER_MS });
  }

  /**
   * Replaces what is checked. A server whose service, url and settings are as before keeps its schedule and state; one
   * whose settings changed keeps its state and is checked at once. New servers start in their `initialState`, without
   * health check up. Rows that are no longer named are left alone from now on, so they may be given to other servers.
   */
  apply(targets: readonly AnyTarget[]): void {
    if (this.closed) throw new Error('HealthChecks is closed');
    const wanted = new Set<number>();
    for (const target of targets) {
      const settings = settingsOf(target);
      for (const server of target.servers) {
        // The same URL twice in one service is one server with one row.
        if (wanted.has(server.statusRow)) continue;
        wanted.add(server.statusRow);
        this.applyServer(target, server, server.tls === true ? `${settings} over TLS` : settings);
      }
    }
    for (const [row, entry] of this.entries) {
      if (wanted.has(row)) continue;
      entry.check?.stop();
      this.entries.delete(row);
    }
  }

  /** Stops every check. Shared memory keeps what was found last. */
  close(): void {
    this.closed = true;
    this.stalls.close();
    for (const entry of this.entries.values()) entry.check?.stop();
    this.entries.clear();
  }

  private applyServer(target: AnyTarget, server: HealthTargetServer, settings: string): void {
    const row = server.statusRow;
    const known = this.entries.get(row);
    const same = known !== undefined && known.service === target.service && known.url === server.url;
    if (same && known.settings === settings) return;
    known?.check?.stop();
    const entry: Entry = { service: target.service, url: server.url, settings, check: undefined };
    this.entries.set(row, entry);
    const before = same ? this.stateOf(row) : undefined;
    const prober = proberOf(target, server);
    if (prober === undefined || target.healthCheck === undefined) {
      this.publish(row, entry, before, 'up', { reason: 'health check removed' });
      return;
    }
    const state = before ?? target.healthCheck.initialState;
    this.options.status.setHealth(row, HEALTH_OF[state]);
    entry.check = this.startCheck(row, entry, {
      prober,
      schedule: target.healthCheck,
      state,
      checkAtOnce: same || state === 'unknown',
    });
  }

  private startCheck(
    row: number,
    entry: Entry,
    options: Omit<ServerCheckOptions, 'queue' | 'stalls' | 'onOutcome'>,
  ): ServerCheck {
    const check = new ServerCheck({
      ...options,
      queue: this.queue,
      stalls: this.stalls,
      onOutcome: (outcome, changedFrom) => this.recordOutcome(row, entry, outcome, changedFrom),
    });
    if (check.problem !== undefined) {
      const { code, check: advice } = Errors.HEALTH_CHECK_INVALID;
      const { service, url } = entry;
      this.options.log.error({ code, service, url, reason: check.problem }, advice);
    }
    return check;
  }

  private recordOutcome(row: number, entry: Entry, outcome: CheckOutcome, changedFrom: HealthState | undefined): void {
    if (changedFrom !== undefined) {
      this.publish(row, entry, changedFrom, outcome.healthy ? 'up' : 'down', outcome);
    } else if (!outcome.healthy) {
      this.options.log.debug({ service: entry.service, url: entry.url, reason: outcome.reason }, 'health check failed');
    }
  }

  /** @param from undefined for a server that was not known before: its first state is not a transition. */
  private publish(
    row: number,
    entry: Entry,
    from: HealthState | undefined,
    to: HealthState,
    { reason, hasOtherRole = false }: Pick<CheckOutcome, 'reason' | 'hasOtherRole'>,
  ): void {
    this.options.status.setHealth(row, HEALTH_OF[to]);
    if (from === undefined || from === to) return;
    const { service, url } = entry;
    try {
      this.options.onChange({ service, url, from, to, reason, hasOtherRole });
    } catch (error) {
      const { code, meaning } = Errors.HEALTH_OBSERVER_FAULT;
      this.options.log.error({ code, service, url, err: error }, meaning);
    }
  }

  private stateOf(row: number): HealthState {
    const health = this.options.status.health(row);
    if (health === ServerHealth.UP) return 'up';
    return health === ServerHealth.UNKNOWN ? 'unknown' : 'down';
  }
}
