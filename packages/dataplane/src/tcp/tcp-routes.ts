// The TCP routers of one revision, built on first use, and what they are matched by. Nothing is built in a revision that no
// connection asks.

import type { ServiceBuilder } from '@sluice/balancing';
import type { SnapshotTables } from '@sluice/routing/snapshot';
import type { TcpPlane } from './tcp-plane.ts';
import { type RevisionHolder, TcpRoute } from './tcp-route.ts';
import type { TcpServer } from './tcp-server.ts';
import { UsedTcpServices } from './tcp-services.ts';

export class TcpRoutes {
  readonly usedServices = new UsedTcpServices();
  private readonly tables: SnapshotTables;
  private readonly plane: TcpPlane;
  private readonly holder: RevisionHolder;
  private readonly routes = new Map<number, TcpRoute>();
  private builder: ServiceBuilder<TcpServer, number> | undefined = undefined;

  constructor(tables: SnapshotTables, plane: TcpPlane, holder: RevisionHolder) {
    this.tables = tables;
    this.plane = plane;
    this.holder = holder;
  }

  /** @throws Error when it cannot be built. */
  at(index: number): TcpRoute {
    const known = this.routes.get(index);
    if (known !== undefined) return known;
    const { tables, plane } = this;
    this.builder ??= plane.services.builderFor(tables, this.usedServices);
    const route = new TcpRoute(tables, index, this.builder, {
      limits: plane.limits,
      slot: plane.slot,
      holder: this.holder,
    });
    this.routes.set(index, route);
    return route;
  }
}
