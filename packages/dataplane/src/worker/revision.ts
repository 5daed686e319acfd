// One installed snapshot: its matcher and the routes used so far. Counts the exchanges that started on it, so that the
// map can be released when the last one of a retired revision has ended. Routes are built on first use, never on reload.

import { SnapshotMatcher, type SnapshotReader } from '@sluice/routing/snapshot';
import type { WorkerMetrics } from '../metrics/worker-metrics.ts';
import type { TcpPlane } from '../tcp/tcp-plane.ts';
import { TcpRoutes } from '../tcp/tcp-routes.ts';
import { type MiddlewareLookup, Route } from './route.ts';
import type { ServiceRegistry } from './service-registry.ts';
import type { ServiceRuntime } from './service-runtime.ts';

export class Revision {
  readonly reader: SnapshotReader;
  readonly matcher: SnapshotMatcher;
  /** Their connections count here until they have a server; then they outlive it. */
  readonly tcp: TcpRoutes;
  private readonly registry: ServiceRegistry;
  private readonly middlewareBehaviourOf: MiddlewareLookup;
  private readonly release: () => void;
  private readonly metrics: WorkerMetrics | undefined;
  private readonly routes = new Map<number, Route>();
  private readonly services = new Map<number, ServiceRuntime>();
  private exchanges = 0;
  private retired = false;

  /** `release` is called once, when the revision is retired and its last exchange has ended. */
  constructor(
    reader: SnapshotReader,
    registry: ServiceRegistry,
    middlewareBehaviourOf: MiddlewareLookup,
    release: () => void,
    plane: TcpPlane,
    metrics?: WorkerMetrics,
  ) {
    this.reader = reader;
    this.matcher = new SnapshotMatcher(reader);
    this.tcp = new TcpRoutes(reader, plane, this);
    this.registry = registry;
    this.middlewareBehaviourOf = middlewareBehaviourOf;
    this.release = release;
    this.metrics = metrics;
  }

  routeAt(index: number): Route {
    const known = this.routes.get(index);
    if (known !== undefined) return known;
    const route = new Route(this.reader, index, this, this.middlewareBehaviourOf, this.metrics);
    this.routes.set(index, route);
    return route;
  }

  serviceAt(index: number): ServiceRuntime {
    let service = this.services.get(index);
    if (service === undefined) {
      service = this.registry.obtain(this.reader, index);
      this.services.set(index, service);
    }
    return service;
  }

  /** Services built so far; the registry keeps those of live revisions. */
  get usedServices(): Iterable<ServiceRuntime> {
    return this.services.values();
  }

  enter(): void {
    this.exchanges++;
  }

  leave(): void {
    this.exchanges--;
    if (this.retired && this.exchanges === 0) this.release();
  }

  /** Called when a newer revision is in force. */
  retire(): void {
    this.retired = true;
    if (this.exchanges === 0) this.release();
  }
}
