// The parent process of a node, assembled: sockets, shared memory, configuration, workers, and the order in which they start
// and stop. Touches no user byte. Every part is its own class; only the sequence is decided here.

import { setTimeout as sleep } from 'node:timers/promises';
import { OcspStapler } from '@sluice/certificates';
import { internalObjects, type StaticConfiguration, udpEntryPoints } from '@sluice/config';
import { adminSocketPath, checkAccessLog } from '@sluice/dataplane/process';
import { Errors } from '@sluice/errors';
import { type HealthChange, HealthChecks } from '@sluice/health';
import { SnapshotCompiler } from '@sluice/routing';
import type { Logger } from 'pino';
import { ConfigurationPipeline } from './configuration/configuration-pipeline.ts';
import { ProviderSet } from './configuration/provider-set.ts';
import { Publisher } from './configuration/publisher.ts';
import { StatusRows } from './configuration/status-rows.ts';
import { deferred } from './deferred.ts';
import { InternalServices } from './internal/internal-services.ts';
import { NodeMetrics } from './internal/node-metrics.ts';
import { lifeCycleOf } from './life-cycle.ts';
import { createNodeMemory, type NodeMemory } from './node-memory.ts';
import { InstanceLock } from './runtime/instance-lock.ts';
import { ConnectionMailboxes } from './sockets/connection-mailboxes.ts';
import type { ListenerSet } from './sockets/listener-set.ts';
import { openListeners } from './sockets/open-listeners.ts';
import { StartError } from './start-error.ts';
import { LIMITS, type SupervisorLimits } from './supervisor-limits.ts';
import type { ServiceNotifier } from './systemd/service-notifier.ts';
import { Takeover } from './takeover.ts';
import { NodeTls } from './tls/node-tls.ts';
import { createPool } from './workers/create-pool.ts';
import type { WorkerPool } from './workers/worker-pool.ts';

export interface SupervisorOptions {
  readonly configuration: StaticConfiguration;
  /** How many workers. */
  readonly slots: number;
  /** Checked, with mode 0700. */
  readonly runtimeDirectory: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Logger;
  readonly notifier: ServiceNotifier;
  readonly limits?: Partial<SupervisorLimits>;
}

/** Between two attempts to publish anew what a worker refused. */
const REPAIR_INTERVAL_MS = 10_000;

export class Supervisor {
  private readonly options: SupervisorOptions;
  private readonly limits: SupervisorLimits;
  private readonly memory: NodeMemory;
  private readonly mailboxes: ConnectionMailboxes;
  private readonly rows: StatusRows;
  private readonly metrics: NodeMetrics | undefined;
  private readonly internal: InternalServices;
  private readonly publisher: Publisher;
  private readonly compiler: SnapshotCompiler;
  private readonly tls: NodeTls;
  private readonly health: HealthChecks;
  private readonly pipeline: ConfigurationPipeline;
  private readonly providers: ProviderSet;
  private readonly takeover: Takeover;
  private readonly allServing = deferred<void>();
  private lock: InstanceLock | undefined;
  private listeners: ListenerSet | undefined;
  private pool: WorkerPool | undefined;
  private stopping = false;
  private lastRepairMs = Number.NEGATIVE_INFINITY;

  /** Starts nothing. @throws ConfigurationError when a provider cannot work as configured. */
  constructor(options: SupervisorOptions) {
    this.options = options;
    this.limits = { ...LIMITS, ...options.limits };
    const { configuration, log } = options;
    this.memory = createNodeMemory(options.slots, Object.keys(configuration.entryPoints).length);
    this.mailboxes = ConnectionMailboxes.create(options.slots);
    this.rows = new StatusRows(this.memory.status);
    this.compiler = new SnapshotCompiler({
      entryPoints: configuration.entryPoints,
      providerPrecedence: configuration.providers.precedence,
      defaultServersTransport: configuration.serversTransport,
      defaultTcpServersTransport: configuration.tcpServersTransport,
    });
    this.health = new HealthChecks({
      status: this.memory.status,
      log,
      onChange: (change) => this.reportHealth(change),
    });
    this.publisher = new Publisher({
      control: this.memory.control,
      rows: this.rows,
      oldestRevision: () => this.pool?.oldestRevision ?? Number.POSITIVE_INFINITY,
      onPublished: (snapshot) => this.pool?.publish(snapshot),
    });
    this.tls = new NodeTls({
      ...options,
      onFilesChanged: () => this.pipeline.refresh(),
      onPublished: (sealed) => this.pool?.publishTls(sealed),
      ...(configuration.ocsp && {
        createStapler: (onChange) => new OcspStapler({ ...configuration.ocsp!, log, onChange }),
      }),
    });
    this.metrics = NodeMetrics.create({
      configuration,
      slots: options.slots,
      control: this.memory.control,
      status: this.memory.status,
      oldestRevision: () => this.publisher.oldestRevision,
      workers: () => this.pool?.pids ?? [],
      certificates: () => this.tls.loading.named,
    });
    const path = adminSocketPath(options.runtimeDirectory);
    this.internal = new InternalServices({ configuration, path, metricsPage: this.metrics?.page, log });
    this.pipeline = new ConfigurationPipeline({
      configuration,
      internal: internalObjects(configuration, path),
      onPublishing: (...published) => this.metrics?.publishing(...published),
      rows: this.rows,
      publisher: this.publisher,
      tls: this.tls,
      compile: (request) => this.compiler.compile(request),
      applyHealthTargets: (targets) => this.health.apply(targets),
      log,
    });
    this.providers = new ProviderSet(configuration, log, (name, provided) => this.pipeline.offer(name, provided));
    this.takeover = new Takeover(options.runtimeDirectory, udpEntryPoints(configuration.entryPoints), log);
  }

  /**
   * Resolves when every slot serves (or `stop` was called meanwhile).
   * @throws StartError when another supervisor runs or an address cannot be listened on; nothing is left behind then.
   */
  async start(): Promise<void> {
    try {
      this.lock = await InstanceLock.acquire(this.options.runtimeDirectory);
      await this.checkAccessLog();
      await this.takeover.collect();
      this.listeners = await openListeners(this.options, this.takeover.sockets);
      await this.internal.start();
      await this.firstConfiguration();
    } catch (error) {
      this.stopping = true;
      await this.release();
      throw error;
    }
    if (this.stopping) {
      await this.release(); // What was opened after `stop` had given everything back.
      return;
    }
    this.pool = createPool({
      ...this.options,
      memory: this.memory,
      metrics: this.metrics,
      listeners: this.listeners,
      mailboxes: this.mailboxes,
      limits: this.limits,
      snapshot: () => this.publisher.current!,
      tls: () => this.tls.publisher.current,
      onReady: (slot) => this.noteReady(slot),
      onGone: (slot) => this.noteGone(slot),
      onReleased: () => this.publisher.trim(),
      onRefused: (revision) => this.noteRefused(revision),
      onTlsRefused: (number) => this.tls.repair(number),
    });
    this.pool.start();
    await this.allServing.promise;
    if (this.stopping) return;
    const { log, notifier, slots, configuration } = this.options;
    for (const entryPoint of Object.keys(configuration.entryPoints)) {
      const at = this.addressOf(entryPoint);
      if (at !== undefined) log.info({ entryPoint, address: at.address, port: at.port }, 'listens');
    }
    log.info({ workers: slots, revision: this.publisher.current?.revision }, 'ready');
    notifier.ready(`${slots} workers serve`);
    notifier.startWatchdog(() => this.pool!.isAlive);
    await this.takeover.drainEarlier(lifeCycleOf(this.options.configuration).streams.graceMs);
  }

  /** Reads the providers' sources again. */
  reload(): void {
    if (this.stopping) return;
    this.tls.loading.forget();
    void this.providers.reload();
  }

  /** After the file has been renamed. Nothing happens when there is no access log, or it goes to standard output. */
  reopenAccessLog(): void {
    const { configuration, log } = this.options;
    if (configuration.accessLog === undefined || configuration.accessLog.filePath === '') return;
    log.info({ filePath: configuration.accessLog.filePath }, 'opening the access log anew');
    this.pool?.reopenAccessLog();
  }

  /** Drains: goes on accepting for a while, lets exchanges finish, then ends. Resolves when every worker is gone. */
  async stop(): Promise<void> {
    if (this.stopping) return;
    await this.beginStopping();
    // From here on the workers' own copies keep the sockets open, as long as they accept.
    this.closeListeners();
    await this.pool?.drain(lifeCycleOf(this.options.configuration));
    await this.release();
  }

  /** Connections are cut. May follow `stop`. */
  async stopNow(): Promise<void> {
    await this.beginStopping();
    this.closeListeners();
    await this.pool?.leaveNow();
    await this.release();
  }

  /** Where an entry point listens; undefined before the sockets are open. */
  addressOf(entryPoint: string): { readonly address: string; readonly port: number } | undefined {
    return this.listeners?.addressOf(entryPoint);
  }

  /** Later its workers would keep lines in memory and try again; at the start somebody is there to put it right. */
  private async checkAccessLog(): Promise<void> {
    const { accessLog } = this.options.configuration;
    if (accessLog === undefined) return;
    try {
      await checkAccessLog(accessLog);
    } catch (error) {
      const message = `the access log cannot be opened (accessLog.filePath): ${(error as Error).message}`;
      throw new StartError(message, Errors.ACCESS_LOG_NOT_OPENED, error);
    }
  }

  private async beginStopping(): Promise<void> {
    if (this.stopping) return;
    this.stopping = true;
    this.internal.terminate();
    this.allServing.resolve();
    this.options.notifier.stopping();
    this.pipeline.close();
    this.health.close();
    await this.providers.close();
    await this.takeover.drainEarlier(lifeCycleOf(this.options.configuration).streams.graceMs);
  }

  /** A worker that started without configuration would answer 404 to requests that are served a moment later. */
  private async firstConfiguration(): Promise<void> {
    const given = this.providers.start().then(() => this.pipeline.settled());
    // Earlier workers serve meanwhile: then there is no hurry, and nothing that would excuse an empty configuration.
    const enough = this.takeover.earlierCount > 0 ? this.allServing.promise : this.firstConfigurationLimit();
    await Promise.race([given, enough]);
    if (this.takeover.earlierCount > 0) await this.usableConfiguration();
    if (!this.stopping) await this.pipeline.ensurePublished();
  }

  private async firstConfigurationLimit(): Promise<void> {
    const { firstConfigurationMs } = this.limits;
    await Promise.race([sleep(firstConfigurationMs, undefined, { ref: false }), this.allServing.promise]);
  }

  /** Earlier workers serve what was good: nothing that is all broken may replace it. Waits until it is repaired. */
  private async usableConfiguration(): Promise<void> {
    if (this.pipeline.isUsable) return;
    const message =
      'the configuration has no usable router; the earlier workers go on with theirs until it is repaired';
    this.options.log.error(message);
    this.options.notifier.ready(message);
    this.options.notifier.startWatchdog(() => true);
    while (!this.pipeline.isUsable && !this.stopping) await this.pipeline.nextChange();
  }

  private noteReady(slot: number): void {
    const { log, slots } = this.options;
    log.info({ slot, pid: this.pool?.slots[slot]?.pid }, 'worker serves');
    if (this.pool?.servingCount === slots) this.allServing.resolve();
  }

  private noteGone(slot: number): void {
    this.memory.status.clearSlot(slot, this.rows.used);
    this.metrics?.workerGone(slot, !this.stopping);
    this.memory.limits.clearSlot(slot, this.rows.used);
    this.publisher.trim();
  }

  /** Memory may have been damaged on its way: the same configuration is compiled and published once more. */
  private noteRefused(revision: number): void {
    const isDue = performance.now() - this.lastRepairMs > REPAIR_INTERVAL_MS;
    if (revision !== this.publisher.current?.revision || !isDue) return;
    this.lastRepairMs = performance.now();
    this.pipeline.republish();
  }

  private reportHealth({ service, url, from, to, reason, hasOtherRole }: HealthChange): void {
    const { log } = this.options;
    if (to !== 'down') log.info({ service, url, reason }, `the server is ${to}`);
    // Where all servers are in one service for each role, half of them are never what it wants.
    else if (from === 'unknown' && hasOtherRole) log.info({ service, url, reason }, 'the server has another role');
    else log.warn({ code: Errors.HEALTH_SERVER_DOWN.code, service, url, reason }, Errors.HEALTH_SERVER_DOWN.meaning);
  }

  private closeListeners(): void {
    this.listeners?.close();
    this.listeners = undefined;
  }

  /** Gives back everything but the workers; may be called twice. */
  private async release(): Promise<void> {
    this.pipeline.close();
    this.health.close();
    this.closeListeners();
    await this.providers.close();
    await this.compiler.close();
    this.publisher.close();
    this.tls.close();
    this.internal.close();
    this.metrics?.close();
    this.memory.close();
    this.mailboxes.close();
    this.lock?.release();
    this.lock = undefined;
  }
}
