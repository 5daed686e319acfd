// One TCP router as a worker runs it: its middlewares made, its service found. Built once per router and revision, and held by its
// connections until they end, whatever is in force by then.

import { type BalancedService, isProblem, type ServiceBuilder } from '@sluice/balancing';
import type { CatalogueEntry } from '@sluice/errors';
import type { SnapshotTables, TcpRouterTls } from '@sluice/routing/snapshot';
import type { LimitsBlock } from '@sluice/shared-state';
import { makeTcpMiddleware, type TcpMiddleware } from './tcp-middleware.ts';
import type { TcpServer } from './tcp-server.ts';

export class TcpRoute {
  readonly name: string;
  readonly serviceName: string;
  readonly tls: TcpRouterTls;
  /** Name of the TLS options when it is `terminate`. */
  readonly tlsOptions: string;
  readonly service: BalancedService<TcpServer>;
  /** Outermost first. */
  private readonly middlewares: readonly TcpMiddleware[];

  /** @throws Error when a part of the snapshot cannot be made (the compiler should have refused it). */
  constructor(
    tables: SnapshotTables,
    index: number,
    services: ServiceBuilder<TcpServer, number>,
    limits: LimitsBlock,
    slot: number,
  ) {
    const record = tables.tcpRouter(index);
    this.name = record.name;
    this.tls = record.tls;
    this.tlsOptions = record.tlsOptions;
    this.serviceName = tables.tcpService(record.service).name;
    this.middlewares = record.middlewares.map((each) =>
      makeTcpMiddleware(tables.tcpMiddleware(each), record.name, limits, slot),
    );
    const service = services.obtain(record.service);
    if (isProblem(service)) throw new Error(`TCP service ${this.serviceName}: ${service.problem}`);
    this.service = service;
  }

  /** @param client 16 bytes. @returns what keeps it out; undefined when it is in, until `leave`. */
  enter(client: Uint8Array): CatalogueEntry | undefined {
    const { middlewares } = this;
    for (let i = 0; i < middlewares.length; i++) {
      const refusal = middlewares[i].enter(client);
      if (refusal === undefined) continue;
      for (let entered = 0; entered < i; entered++) middlewares[entered].leave(client);
      return refusal;
    }
    return undefined;
  }

  /** Once for each client that is in. */
  leave(client: Uint8Array): void {
    for (let i = 0; i < this.middlewares.length; i++) this.middlewares[i].leave(client);
  }
}
