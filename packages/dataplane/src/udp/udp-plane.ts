// UDP in one worker: its entry points, the routes of the revision in force, and how it is left. Made when the first UDP entry point is
// listened on; a worker without one has nothing of it.

import type { EntryPointConfiguration } from '@sluice/config';
import type { AccessLog } from '@sluice/observability/access-log';
import type { LimitsBlock, ServerStatus } from '@sluice/shared-state';
import type { Logger } from 'pino';
import { ClientAdmission } from '../listen/client-admission.ts';
import type { WorkerMetrics } from '../metrics/worker-metrics.ts';
import type { NameResolver } from '../upstream/name-resolver.ts';
import { monotonicMs } from '../worker/monotonic-ms.ts';
import { StreamServices } from '../worker/stream-services.ts';
import { FlowAccess } from './flow-access.ts';
import { type Pinned, type PinTables, ServerPins } from './server-pins.ts';
import { UdpEntryPoint } from './udp-entry-point.ts';
import { UdpRoutes, type UdpServices, type UdpTables } from './udp-routes.ts';
import { UdpServer } from './udp-server.ts';

/** A revision as it is needed here. */
export interface UdpRevision extends Pinned, UdpTables {
  readonly reader: UdpTables['reader'] & PinTables;
}

export interface UdpPlaneOptions {
  readonly slot: number;
  readonly status: ServerStatus;
  readonly limits: LimitsBlock;
  readonly resolver: NameResolver;
  readonly log: Logger;
  readonly accessLog: AccessLog | undefined;
  readonly metrics: WorkerMetrics | undefined;
  /** Of all UDP entry points together. */
  readonly flowsMax: number;
  /** How many of these there are. */
  readonly entryPoints: number;
}

/** How often is looked for servers that have gone down, and numbers are brought to where they are seen. */
const LOOK_EVERY_MS = 250;

export class UdpPlane {
  private readonly options: UdpPlaneOptions;
  private readonly services: UdpServices;
  private readonly pins = new ServerPins();
  private readonly entryPoints = new Map<string, UdpEntryPoint>();
  private readonly timer: NodeJS.Timeout;
  private routes: UdpRoutes;

  constructor(options: UdpPlaneOptions, revision: UdpRevision) {
    this.options = options;
    this.services = new StreamServices({
      status: options.status,
      now: monotonicMs,
      makeServers: ({ name, servers }) => servers.map((server) => new UdpServer(name, server)),
    });
    this.routes = new UdpRoutes(revision, this.services);
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  /** Several descriptors of one entry point are allowed. @throws Error with a `code`. */
  listen(name: string, index: number, configuration: EntryPointConfiguration, descriptor: number): void {
    let entryPoint = this.entryPoints.get(name);
    if (entryPoint === undefined) {
      entryPoint = this.make(name, index, configuration);
      this.entryPoints.set(name, entryPoint);
    }
    entryPoint.listen(descriptor);
  }

  /** New flows go by this revision from now on; those that are open stay with their servers. */
  install(revision: UdpRevision, previous: Pinned): void {
    this.routes = new UdpRoutes(revision, this.services);
    this.pins.replaced(previous, revision.reader, (names) => this.services.keepOnly(names));
  }

  /** Flows now, those that are not decided included. */
  get flowCount(): number {
    let flows = 0;
    for (const entryPoint of this.entryPoints.values()) flows += entryPoint.flowCount;
    return flows;
  }

  /** Resolves when the last flow is over, or the time is. What is left then is cut off by `close`. */
  async drain(acceptGraceMs: number, graceMs: number): Promise<void> {
    await Promise.all([...this.entryPoints.values()].map((each) => each.drain(acceptGraceMs, graceMs)));
  }

  /** Another process receives on the same sockets: this one must not take datagrams away from it. */
  release(): void {
    for (const entryPoint of this.entryPoints.values()) entryPoint.release();
  }

  close(): void {
    clearInterval(this.timer);
    for (const entryPoint of this.entryPoints.values()) entryPoint.close();
  }

  private look(): void {
    for (const entryPoint of this.entryPoints.values()) entryPoint.look();
  }

  private make(name: string, index: number, configuration: EntryPointConfiguration): UdpEntryPoint {
    const { slot, limits, accessLog, metrics, flowsMax, entryPoints } = this.options;
    const { accessLogs } = configuration.observability;
    return new UdpEntryPoint({
      ...this.options,
      name,
      index,
      configuration,
      admission: new ClientAdmission(limits, index, slot, configuration.transport.limits),
      routes: () => this.routes,
      knownIds: limits.knownIds,
      pins: this.pins,
      access: accessLog !== undefined && accessLogs ? new FlowAccess(accessLog, name) : undefined,
      metrics: configuration.observability.metrics ? metrics?.ofFlows(name) : undefined,
      transport: { flowsMax: Math.max(1, Math.floor(flowsMax / entryPoints)) },
    });
  }
}
