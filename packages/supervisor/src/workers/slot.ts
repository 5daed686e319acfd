// A worker's seat: keeps one worker process in it until told to drain. A worker that crashes, hangs or never gets ready is
// replaced; the listening sockets belong to the seat, so nothing that waits in their queues is lost.

import {
  type DrainTimes,
  type PublicationMail,
  type WorkerMessage,
  workerMailboxPath,
} from '@sluice/dataplane/process';
import { type CatalogueEntry, Errors } from '@sluice/errors';
import { sendDescriptors } from '@sluice/native';
import { type ControlBlock, SlotState } from '@sluice/shared-state';
import type { Logger } from 'pino';
import { deferred } from '../deferred.ts';
import { HeartbeatWatch } from './heartbeat-watch.ts';
import { RestartDelay } from './restart-delay.ts';
import type { Publication, SealedTls, Snapshot, WorkerEvents, WorkerProcess } from './worker-process.ts';

export interface SlotOptions {
  readonly slot: number;
  readonly runtimeDirectory: string;
  readonly control: ControlBlock;
  readonly log: Logger;
  readonly spawn: (publication: Publication, events: WorkerEvents) => WorkerProcess;
  /** The newest snapshot; what a new worker starts with. */
  readonly snapshot: () => Snapshot;
  /** The newest TLS material; it goes with every snapshot. */
  readonly tls: () => SealedTls | undefined;
  /** From spawning to `ready`. */
  readonly startTimeoutMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly onReady: () => void;
  /** The worker is gone, whyever; its counts in shared memory are nobody's now. */
  readonly onGone: () => void;
  /** Fewer revisions are in use than before. */
  readonly onReleased: () => void;
  readonly onRefused: (revision: number) => void;
  readonly onTlsRefused: (number: number) => void;
}

type State = 'empty' | 'starting' | 'serving' | 'waiting' | 'leaving' | 'left';

/** What a worker needs to notice its own deadline and leave. */
const DRAIN_MARGIN_MS = 3000;
const MAIL_RETRY_MS = 100;
/** Time to remove its socket files and write its last lines. */
const LEAVE_NOW_MS = 500;

export class Slot {
  private readonly options: SlotOptions;
  private readonly delay = new RestartDelay();
  private readonly heartbeat: HeartbeatWatch;
  private readonly drainedStreams = deferred<void>();
  private readonly left = deferred<void>();
  private leavesNow = false;
  private state: State = 'empty';
  private worker: WorkerProcess | undefined;
  /** Revisions that the worker has mapped or is about to map. */
  private held = new Set<number>();
  private timer: NodeJS.Timeout | undefined;
  private readyAtMs: number | undefined;
  /** Number of the TLS material that the worker started with. */
  private firstTls: number | undefined;

  constructor(options: SlotOptions) {
    this.options = options;
    this.heartbeat = new HeartbeatWatch(options.heartbeatTimeoutMs);
  }

  get isServing(): boolean {
    return this.state === 'serving';
  }

  /** False for a worker that is alive only by name. */
  get isBeating(): boolean {
    return this.heartbeat.isBeating;
  }

  /** Of the running worker, 0 without one. */
  get pid(): number {
    return this.worker?.pid ?? 0;
  }

  /** The oldest revision in use here; Infinity when there is none. */
  get oldestRevision(): number {
    return Math.min(...this.held);
  }

  start(): void {
    const { slot, log, startTimeoutMs, control } = this.options;
    const snapshot = this.options.snapshot();
    const tls = this.options.tls();
    this.state = 'starting';
    this.firstTls = tls?.number;
    this.readyAtMs = undefined;
    this.heartbeat.reset();
    this.held = new Set([snapshot.revision]);
    control.setSlotState(slot, SlotState.STARTING);
    this.timer = setTimeout(() => this.kill(Errors.WORKER_START_TIMEOUT, { startTimeoutMs }), startTimeoutMs);
    try {
      this.worker = this.options.spawn(
        { snapshot, tls },
        {
          onMessage: (message) => this.onMessage(message),
          onExit: (code, signal, reason) => this.onExit(code, signal, reason),
        },
      );
      log.debug({ slot, pid: this.worker.pid, revision: snapshot.revision }, 'worker started');
    } catch (error) {
      this.onExit(null, null, (error as Error).message);
    }
  }

  /** A worker that is not ready yet gets the newest snapshot when it is. */
  publish(snapshot: Snapshot): void {
    const { worker } = this;
    if (worker === undefined || this.state !== 'serving' || snapshot !== this.options.snapshot()) return;
    const { revision, descriptor } = snapshot;
    const tls = this.options.tls();
    const needed = tls === undefined ? { revision } : { revision, tls: tls.number };
    try {
      this.mail(worker, needed, tls === undefined ? [descriptor] : [descriptor, tls.descriptor]);
      this.held.add(revision);
      worker.send({ type: 'publish', revision });
    } catch (error) {
      this.notSent(error, () => this.publish(snapshot), Errors.SNAPSHOT_REFUSED, { revision });
    }
  }

  /** The same for TLS material that changed alone. */
  publishTls(tls: SealedTls): void {
    const { worker } = this;
    if (worker === undefined || this.state !== 'serving' || tls !== this.options.tls()) return;
    const { number, descriptor } = tls;
    try {
      this.mail(worker, { tls: number }, [descriptor]);
      worker.send({ type: 'publish-tls', number });
    } catch (error) {
      this.notSent(error, () => this.publishTls(tls), Errors.TLS_MATERIAL_REFUSED, { number });
    }
  }

  private mail(worker: WorkerProcess, mail: PublicationMail, descriptors: readonly number[]): void {
    const path = workerMailboxPath(this.options.runtimeDirectory, worker.pid);
    sendDescriptors(path, Buffer.from(JSON.stringify(mail)), descriptors);
  }

  private notSent(error: unknown, again: () => void, what: CatalogueEntry, fields: object): void {
    const { code, message: reason } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') setTimeout(again, MAIL_RETRY_MS).unref();
    else this.options.log.error({ code: what.code, slot: this.options.slot, ...fields, reason }, what.meaning);
  }

  reopenAccessLog(): void {
    this.worker?.send({ type: 'reopen-access-log' });
  }

  /** Called once per LOOK_INTERVAL_MS. */
  look(): void {
    if (this.state !== 'serving') return;
    if (!this.heartbeat.look(this.options.control.heartbeat(this.options.slot))) return;
    this.kill(Errors.WORKER_UNRESPONSIVE, { heartbeatTimeoutMs: this.options.heartbeatTimeoutMs });
  }

  /** Resolves when the worker has no connections any more, or is gone; at the latest a few seconds after the deadlines. */
  drain(times: DrainTimes): Promise<void> {
    const running = this.state === 'starting' || this.state === 'serving';
    clearTimeout(this.timer);
    if (!running) {
      if (this.state !== 'leaving') this.leave();
      return this.drainedStreams.promise;
    }
    this.state = 'leaving';
    this.worker?.send({ type: 'drain', ...times });
    this.killAfter(times);
    return this.drainedStreams.promise;
  }

  /** After `drain`. Resolves when the worker is gone; likewise. */
  drainDatagrams(times: DrainTimes): Promise<void> {
    if (this.state === 'leaving' && !this.leavesNow) {
      this.worker?.send({ type: 'drain-datagrams', ...times });
      this.killAfter(times);
    }
    return this.left.promise;
  }

  private killAfter({ acceptGraceMs, graceMs }: DrainTimes): void {
    const deadlineMs = acceptGraceMs + graceMs + DRAIN_MARGIN_MS;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.kill(Errors.WORKER_DRAIN_TIMEOUT, { deadlineMs }), deadlineMs);
  }

  /** Ends the worker without waiting for its connections. Resolves when it is gone. */
  leaveNow(): Promise<void> {
    clearTimeout(this.timer);
    if (this.worker === undefined) {
      this.leave();
      return this.left.promise;
    }
    this.state = 'leaving';
    this.leavesNow = true;
    this.worker.send({ type: 'leave-now' });
    this.timer = setTimeout(() => this.worker?.kill('SIGKILL'), LEAVE_NOW_MS);
    return this.left.promise;
  }

  private onMessage(message: WorkerMessage): void {
    const { slot, log } = this.options;
    switch (message.type) {
      case 'ready':
        this.onReady(message.revision);
        break;
      case 'switched':
        log.debug({ slot, revision: message.revision, pauseUs: message.pauseUs }, 'worker switched');
        break;
      case 'released':
        this.held.delete(message.revision);
        this.options.onReleased();
        break;
      case 'refused':
        this.held.delete(message.revision);
        this.options.onRefused(message.revision);
        break;
      case 'switched-tls':
        log.debug({ slot, number: message.number }, 'worker has new TLS material');
        break;
      case 'refused-tls':
        this.options.onTlsRefused(message.number);
        break;
      case 'drained-streams':
        this.drainedStreams.resolve();
        break;
      case 'drained':
        break;
      default:
        log.error({ code: Errors.WORKER_PROTOCOL_ERROR.code, slot, message }, Errors.WORKER_PROTOCOL_ERROR.meaning);
    }
  }

  private onReady(revision: number): void {
    if (this.state !== 'starting') return;
    clearTimeout(this.timer);
    this.state = 'serving';
    this.readyAtMs = performance.now();
    const newest = this.options.snapshot();
    const tls = this.options.tls();
    if (newest.revision !== revision) this.publish(newest);
    else if (tls !== undefined && tls.number !== this.firstTls) this.publishTls(tls);
    this.options.onReady();
  }

  private onExit(exitCode: number | null, signal: NodeJS.Signals | null, reason: string | undefined): void {
    clearTimeout(this.timer);
    const { slot, log, control } = this.options;
    const pid = this.pid;
    this.worker = undefined;
    this.held.clear();
    control.setSlotState(slot, SlotState.EMPTY);
    this.options.onGone();
    if (this.state === 'leaving') {
      this.leave();
      return;
    }
    const servedMs = this.readyAtMs === undefined ? 0 : performance.now() - this.readyAtMs;
    const delayMs = this.delay.afterCrash(servedMs);
    const crashed = Errors.WORKER_CRASHED;
    log.error({ code: crashed.code, slot, pid, exitCode, signal, reason }, crashed.meaning);
    if (delayMs > 0)
      log.error({ code: Errors.WORKER_CRASH_LOOP.code, slot, delayMs }, Errors.WORKER_CRASH_LOOP.meaning);
    this.state = 'waiting';
    this.timer = setTimeout(() => this.start(), delayMs);
  }

  private kill(why: { readonly code: string; readonly meaning: string }, fields: object): void {
    const { slot, log } = this.options;
    log.error({ code: why.code, slot, pid: this.pid, ...fields }, why.meaning);
    this.worker?.kill('SIGKILL');
  }

  private leave(): void {
    clearTimeout(this.timer);
    this.state = 'left';
    this.drainedStreams.resolve();
    this.options.control.setSlotState(this.options.slot, SlotState.LEFT);
    this.left.resolve();
  }
}
