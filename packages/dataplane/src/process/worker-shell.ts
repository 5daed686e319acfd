// One worker process around its data path: starts it from what the supervisor passed in, takes new snapshots, reports,
// outlives its supervisor, and leaves only when drained or told to. Knows nothing of requests.

import { Errors } from '@sluice/errors';
import type { TlsMaterial } from '@sluice/routing/tls';
import { type ControlBlock, SlotState } from '@sluice/shared-state';
import type { Logger } from 'pino';
import { type MappedSnapshot, SnapshotIntake } from './snapshot-intake.ts';
import { TlsIntake } from './tls-intake.ts';
import type { WorkerMail } from './worker-mails.ts';
import type { DrainTimes, SupervisorMessage, WorkerBootstrap, WorkerMessage } from './worker-protocol.ts';

/** What the shell needs of the data path. */
export interface WorkerDataplane<Reader> {
  listen(entryPoint: string, descriptor: number): void;
  receive(mailbox: number): void;
  install(reader: Reader, release: () => void): void;
  installTls(material: TlsMaterial): void;
  drain(acceptGraceMs: number, graceMs: number): Promise<void>;
  drainDatagrams(acceptGraceMs: number, graceMs: number): Promise<void>;
  close(): void;
  readonly connectionCount: number;
  /** There is a UDP entry point. */
  readonly receivesDatagrams: boolean;
  readonly flowCount: number;
}

export interface WorkerShellOptions<Reader> {
  readonly bootstrap: WorkerBootstrap;
  readonly control: ControlBlock;
  readonly dataplane: WorkerDataplane<Reader>;
  readonly log: Logger;
  readonly mapSnapshot: (descriptor: number, revision: number) => MappedSnapshot<Reader>;
  readonly closeDescriptor: (descriptor: number) => void;
  /** @throws Error when it cannot be used. */
  readonly readTls: (descriptor: number, number: number) => TlsMaterial;
  /** Takes what has arrived in the mailbox, oldest first. */
  readonly takeMails: () => readonly WorkerMail[];
  /** Tells the supervisor, if there is one; `sent` is called in any case. */
  readonly tell: (message: WorkerMessage, sent?: () => void) => void;
  readonly isSupervised: () => boolean;
  readonly reopenAccessLog: () => void;
  /** Ends the process; `drained`: nobody waits for it to be quick. */
  readonly leave: (drained: boolean) => void;
}

/** Four beats within the shortest silence that anybody could take for a stuck loop. */
export const HEARTBEAT_INTERVAL_MS = 250;

export class WorkerShell<Reader> {
  private readonly options: WorkerShellOptions<Reader>;
  private readonly intake: SnapshotIntake<Reader>;
  private readonly tls: TlsIntake;
  private readonly heartbeat: NodeJS.Timeout;
  private revision = -1;
  private draining = false;
  /** Set while the supervisor is waited for. */
  private onDatagramTimes: ((times: DrainTimes) => void) | undefined = undefined;

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
    this.tls = new TlsIntake({
      read: options.readTls,
      closeDescriptor: options.closeDescriptor,
      install: (material) => this.installTls(material),
    });
  }

  /** Takes the first snapshot, with the TLS material there is, and begins to accept. @returns false when the snapshot cannot be used: nothing serves then. */
  async start(): Promise<boolean> {
    const { bootstrap, control, dataplane } = this.options;
    await this.take({
      snapshot: { revision: bootstrap.revision, descriptor: bootstrap.snapshotDescriptor },
      ...(bootstrap.tls === undefined ? {} : { tls: bootstrap.tls }),
    });
    if (this.revision === -1) return false;
    if (this.draining) return true; // Told to leave meanwhile: it must not begin to accept.
    for (const { entryPoint, descriptor } of bootstrap.listeners) dataplane.listen(entryPoint, descriptor);
    if (bootstrap.mailboxes !== undefined) dataplane.receive(bootstrap.mailboxes.receive);
    control.setSlotState(bootstrap.slot, SlotState.SERVING);
    this.options.tell({ type: 'ready', revision: this.revision });
    return true;
  }

  onMessage(message: SupervisorMessage): void {
    if (message.type === 'publish' || message.type === 'publish-tls') this.takeMails();
    else if (message.type === 'drain') void this.drain(message);
    else if (message.type === 'drain-datagrams') this.onDatagramTimes?.(message);
    else if (message.type === 'reopen-access-log') this.options.reopenAccessLog();
    else this.leaveNow();
  }

  /**
   * Finishes what runs, then leaves. A second call changes nothing. Datagrams come last, when no worker of the node has connections any
   * more: until then unknown clients are served, too, whichever worker they come to.
   */
  async drain({ acceptGraceMs, graceMs }: DrainTimes): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    const { bootstrap, control, dataplane, log, tell } = this.options;
    control.setSlotState(bootstrap.slot, SlotState.DRAINING);
    log.debug({ acceptGraceMs, graceMs, connections: dataplane.connectionCount }, 'draining');
    await dataplane.drain(acceptGraceMs, graceMs);
    if (dataplane.receivesDatagrams) {
      const times = await this.datagramTimes();
      log.debug({ ...times, flows: dataplane.flowCount }, 'draining datagrams');
      await dataplane.drainDatagrams(times.acceptGraceMs, times.graceMs);
    }
    tell({ type: 'drained' }, () => this.leave(true));
  }

  /** Nobody is left to say when the other workers are done. */
  onSupervisorLost(): void {
    this.onDatagramTimes?.(this.options.bootstrap.lifeCycle.datagrams);
  }

  private datagramTimes(): Promise<DrainTimes> {
    const { bootstrap, isSupervised, tell } = this.options;
    return new Promise((resolve) => {
      this.onDatagramTimes = ({ acceptGraceMs, graceMs }) => resolve({ acceptGraceMs, graceMs });
      if (isSupervised()) tell({ type: 'drained-streams' });
      else resolve(bootstrap.lifeCycle.datagrams);
    });
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

  private takeMails(): void {
    let mails: readonly WorkerMail[];
    try {
      mails = this.options.takeMails();
    } catch (error) {
      const { code, meaning } = Errors.WORKER_PROTOCOL_ERROR;
      this.options.log.error({ code, reason: String(error) }, meaning);
      return;
    }
    for (const mail of mails) void this.take(mail);
  }

  private async take({ snapshot, tls }: WorkerMail): Promise<void> {
    const problem = tls === undefined ? undefined : this.accept(tls);
    if (snapshot !== undefined) {
      // Without what it needs it must not come into force: hosts would be closed, or served by other options.
      const before = () => {
        if (problem !== undefined) throw new Error(problem);
        if (tls !== undefined) this.tls.apply(tls.number);
      };
      await this.intake.offer(snapshot.revision, snapshot.descriptor, before);
    } else if (tls !== undefined && problem !== undefined) this.refusedTls(tls.number, problem);
    // What came alone belongs to the newest snapshot, so it waits for that.
    if (!this.intake.isBusy) this.tls.applyAll();
  }

  /** @returns why it cannot be used. */
  private accept({ number, descriptor }: NonNullable<WorkerMail['tls']>): string | undefined {
    try {
      this.tls.accept(number, descriptor);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private installTls(material: TlsMaterial): void {
    const { number } = material;
    this.options.dataplane.installTls(material);
    this.options.log.debug({ number }, 'new TLS material is in force');
    this.options.tell({ type: 'switched-tls', number });
  }

  private refusedTls(number: number, reason: string): void {
    const { code, meaning } = Errors.TLS_MATERIAL_REFUSED;
    this.options.log.error({ code, number, reason }, meaning);
    this.options.tell({ type: 'refused-tls', number, reason });
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
