// What the node counts, as its supervisor sees it: the memory that workers count in, one block for each slot, the names behind
// the numbers, and what only the supervisor knows. Reads when the page is asked for; sends nothing to anybody.

import {
  type HttpConfiguration,
  type RoutedConfiguration,
  type StaticConfiguration,
  tcpEntryPoints,
} from '@sluice/config';
import type { AnyTarget } from '@sluice/health';
import { closeDescriptor, createSharedMemory, mapWritable } from '@sluice/native';
import { type MetricsSettings, metricsBlockShapeOf, metricsSettingsOf } from '@sluice/observability/metrics';
import {
  type CertificateFacts,
  freeRows,
  MetricNames,
  type NodeFacts,
  NodeProcesses,
  PrometheusPage,
} from '@sluice/observability/prometheus';
import { routerNames } from '@sluice/routing';
import {
  type ControlBlock,
  FLOW_LABELS,
  MetricKind,
  MetricsBlock,
  OVERFLOW_ROW,
  type RowKey,
  type ServerStatus,
} from '@sluice/shared-state';

const OPEN_FLOWS = FLOW_LABELS.indexOf('open');

/** What is open now, as opposed to what has been counted. */
const LEVELS: ReadonlySet<number> = new Set([MetricKind.OPEN_CONNECTIONS, MetricKind.TCP_ROUTER_OPEN_CONNECTIONS]);

export interface NodeMetricsOptions {
  readonly configuration: StaticConfiguration;
  readonly slots: number;
  readonly control: ControlBlock;
  readonly status: ServerStatus;
  /** The oldest revision that a worker may still read; Infinity when there is none. */
  readonly oldestRevision: () => number;
  /** Those that the configuration names. */
  readonly certificates: () => Iterable<CertificateFacts>;
  /** Process ids of the workers that run. */
  readonly workers: () => readonly number[];
}

export class NodeMetrics {
  readonly settings: MetricsSettings;
  /** One for each slot; to be inherited by the worker in it. */
  readonly descriptors: readonly number[];
  readonly page: PrometheusPage;
  private readonly options: NodeMetricsOptions;
  private readonly blocks: readonly MetricsBlock[];
  private readonly names: MetricNames;
  private readonly processes = new NodeProcesses();
  private readonly restarts: number[];
  private checked: readonly AnyTarget[] = [];
  private reloads = 0;
  private lastReloadMs = 0;
  private closed = false;

  /** @returns undefined when nobody wants to see metrics. @throws Error with a `code` when the system has no memory left. */
  static create(options: NodeMetricsOptions): NodeMetrics | undefined {
    return options.configuration.metrics.prometheus === undefined ? undefined : new NodeMetrics(options);
  }

  private constructor(options: NodeMetricsOptions) {
    const { configuration, slots } = options;
    const prometheus = configuration.metrics.prometheus!;
    const shape = metricsBlockShapeOf(prometheus);
    const entryPoints = Object.keys(configuration.entryPoints);
    this.options = options;
    this.settings = metricsSettingsOf(configuration.metrics.addInternals, prometheus);
    this.restarts = new Array<number>(slots).fill(0);
    this.names = new MetricNames(entryPoints);
    const memory = this.restarts.map((_, slot) =>
      createSharedMemory(`sluice-metrics-${slot}`, MetricsBlock.byteLength(shape)),
    );
    this.descriptors = memory.map(({ descriptor }) => descriptor);
    this.blocks = this.descriptors.map((descriptor) => MetricsBlock.create(mapWritable(descriptor), shape));
    this.page = new PrometheusPage({
      blocks: this.blocks,
      names: this.names,
      entryPoints: tcpEntryPoints(configuration.entryPoints),
      headerLabels: Object.keys(prometheus.headerLabels),
      facts: () => this.facts(),
    });
  }

  /** A configuration comes into force. To be called before any worker can see it. */
  publishing(
    revision: number,
    http: HttpConfiguration,
    targets: readonly AnyTarget[],
    { tcp }: Pick<RoutedConfiguration, 'tcp'>,
  ): void {
    const nowMs = performance.now();
    const routers = this.settings.routers ? routerNames(http, this.options.configuration.entryPoints) : [];
    const tcpRouters = this.settings.routers ? Object.keys(tcp.routers) : [];
    const services = [...Object.keys(http.services), ...Object.keys(tcp.services)];
    this.names.publish(revision, [...routers, ...tcpRouters], services, nowMs);
    this.checked = targets.filter(({ healthCheck }) => healthCheck !== undefined);
    this.reloads++;
    this.lastReloadMs = Date.now();
    this.freeUnused(nowMs);
  }

  /** The worker of a slot is gone. @param isReplaced it was not told to leave. */
  workerGone(slot: number, isReplaced: boolean): void {
    if (isReplaced) this.restarts[slot]!++;
    const block = this.blocks[slot]!;
    for (let row = OVERFLOW_ROW + 1; row < block.end; row++) {
      // Its connections and flows are gone with it. Nobody writes here until the next worker starts.
      if (block.isUsed(row) && isLevel(block.key(row))) block.set(row, 0);
    }
  }

  /** Gives up the descriptors; the maps stay. Again: nothing happens. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const descriptor of this.descriptors) closeDescriptor(descriptor);
  }

  private facts(): NodeFacts {
    this.freeUnused(performance.now());
    const { control, workers, certificates } = this.options;
    return {
      configReloads: this.reloads,
      lastReloadMs: this.lastReloadMs,
      servers: this.servers(),
      certificates: certificates(),
      slots: this.restarts.map((restarts, slot) => {
        const { last, max } = control.switchPauseUs(slot);
        const droppedLogLines = control.droppedLines(slot);
        return { slot, restarts, lastPauseUs: last, maxPauseUs: max, droppedLogLines };
      }),
      processes: this.processes.families([process.pid, ...workers()]),
    };
  }

  private *servers() {
    for (const { service, servers } of this.checked) {
      for (const { url, statusRow } of servers) yield { service, url, isUp: this.options.status.isUp(statusRow) };
    }
  }

  private freeUnused(nowMs: number): void {
    if (this.names.release(this.options.oldestRevision(), nowMs)) freeRows(this.blocks, this.names);
  }
}

/** A number that goes down again; all others only grow. */
function isLevel({ kind, labels }: RowKey): boolean {
  return LEVELS.has(kind) || (kind === MetricKind.ENTRY_POINT_FLOWS && labels === OPEN_FLOWS);
}
