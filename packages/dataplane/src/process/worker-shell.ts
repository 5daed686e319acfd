// One worker process around its data path: starts it from what the supervisor passed in, takes new snapshots, reports,
// outlives its supervisor, and leaves only when drained or told to. Knows nothing of requests.

import { Errors } from '@sluice/errors';
import { type ControlBlock, SlotState } from '@sluice/shared-state';
import type { Logger } from 'pino';
import { type MappedSnapshot, SnapshotIntake } from './snapshot-intake.ts';
import type { SupervisorMessage, WorkerBootstrap, WorkerMessage } from './worker-protocol.ts';

/** What the shell needs of the data path. */
export interface WorkerDataplane<Reader> {
  listen(entryPoint: string, descriptor: number): void;
  receive(mailbox: number): void;
  install(reader: Reader, release: () => void): void;
  drain(acceptGraceMs: number, graceMs: number): Promise<void>;
  close(): void;
  readonly connectionCount: number;
}

export interface WorkerShellOptions<Reader> {
  readonly bootstrap: WorkerBootstrap;
  readonly control: ControlBlock;
  readonly dataplane: WorkerDataplane<Reader>;
  readonly log: Logger;
  readonly mapSnapshot: (descriptor: number, revision: number) => MappedSnapshot<Reader>;
  readonly closeDescriptor: (descriptor: number) => void;
  /** Takes what has arrived in the mailbox: descriptors of snapshots, oldest first. */
  readonly takeSnapshots: () => { readonly revision: number; readonly descriptor: number }[];
  /** Tells the supervisor, if there is one; `sent` is called in any case. */
  readonly tell: (message: WorkerMessage, sent?: () => void) => void;
  readonly reopenAccessLog: () => void;
  /** Ends the process; `drained`: nobody waits for it to be quick. */
  readonly leave: (drained: boolean) => void;
}

/** Four beats within the shortest silence that anybody could take for a stuck loop. */
export const HEARTBEAT_INTERVAL_MS = 250;

export class WorkerShell<Reader> {
  private readonly options: WorkerShellOptions<Reader>;
  private readonly intake: SnapshotIntake<Reader>;
  private readonly heartbeat: NodeJS.Timeout;
  private revision = -1;
  private draining = false;

  constructor(options: WorkerShellOptions<Reader>) {
    this.options = options;
    const { control, bootstrap } = options;
    control.setSlotState(bootstrap.slot, SlotState.STARTING);
    this.heartbeat = setInterval(() => control.beat(bootstrap.slot), HEARTBEAT_INTERVAL_MS);
    this.intake = new SnapshotIntake({
      map: options.mapSnapshot,
      closeDescriptor: options.closeDescriptor,
      install: (reader, release) => options.dataplane.install(reader, release),
      onSwitched: (revision, pauseUs) => this.switched(revision, pauseUs),
      onReleased: (revision) => options.tell({ type: 'released', revision }),
      onRefused: (revision, reason) => this.refused(revision, reason),
      onLongerPause: (pauseUs) => control.recordSwitch(bootstrap.slot, this.revision, pauseUs),
    });
  }

  /** Takes the first snapshot and begins to accept. @returns false when the snapshot cannot be used: nothing serves then. */
  async start(): Promise<boolean> {
    const { bootstrap, control, dataplane } = this.options;
    await this.intake.offer(bootstrap.revision, bootstrap.snapshotDescriptor);
    if (this.revision === -1) return false;
    if (this.draining) return true; // Told to leave meanwhile: it must not begin to accept.
    for (const { entryPoint, descriptor } of bootstrap.listeners) dataplane.listen(entryPoint, descriptor);
    if (bootstrap.mailboxes !== undefined) dataplane.receive(bootstrap.mailboxes.receive);
    control.setSlotState(bootstrap.slot, SlotState.SERVING);
    this.options.tell({ type: 'ready', revision: this.revision });
    return true;
  }

  onMessage(message: SupervisorMessage): void {
    if (message.type === 'publish') this.takeSnapshots();
    else if (message.type === 'drain') void this.drain(message.acceptGraceMs, message.graceMs);
    else if (message.type === 'reopen-access-log') this.options.reopenAccessLog();
    else this.leaveNow();
  }

  /** Finishes what runs, then leaves. A second call changes nothing. */
  async drain(acceptGraceMs: number, graceMs: number): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    const { bootstrap, control, dataplane, log, tell } = this.options;
    control.setSlotState(bootstrap.slot, SlotState.DRAINING);
    log.debug({ acceptGraceMs, graceMs, connections: dataplane.connectionCount }, 'draining');
    await dataplane.drain(acceptGraceMs, graceMs);
    tell({ type: 'drained' }, () => this.leave(true));
  }

  /** Connections still open are cut. */
  leaveNow(): void {
    this.leave(false);
  }

  private leave(drained: boolean): void {
    clearInterval(this.heartbeat);
    this.options.dataplane.close();
    this.options.control.setSlotState(this.options.bootstrap.slot, SlotState.LEFT);
    this.options.leave(drained);
  }

  private takeSnapshots(): void {
    let mails: ReturnType<WorkerShellOptions<Reader>['takeSnapshots']>;
    try {
      mails = this.options.takeSnapshots();
    } catch (error) {
      const { code, meaning } = Errors.WORKER_PROTOCOL_ERROR;
      this.options.log.error({ code, reason: String(error) }, meaning);
      return;
    }
    for (const { revision, descriptor } of mails) void this.intake.offer(revision, descriptor);
  }

  private switched(revision: number, pauseUs: number): void {
    const first = this.revision === -1;
    this.revision = revision;
    this.options.control.recordSwitch(this.options.bootstrap.slot, revision, first ? 0 : pauseUs);
    if (first) return;
    this.options.log.debug({ revision, pauseUs }, 'switched to a new revision');
    this.options.tell({ type: 'switched', revision, pauseUs });
  }

  private refused(revision: number, reason: string): void {
    const { code, meaning } = Errors.SNAPSHOT_REFUSED;
    this.options.log.error({ code, revision, reason }, meaning);
    this.options.tell({ type: 'refused', revision, reason });
  }
}
