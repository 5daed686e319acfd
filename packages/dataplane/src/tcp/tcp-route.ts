// One TCP router as a worker runs it: its middlewares made, its service found. Built once per router and revision, and held by its
// connections until they end, whatever is in force by then.

import { type BalancedService, isProblem, type ServiceBuilder } from '@sluice/balancing';
import type { CatalogueEntry } from '@sluice/errors';
import { ConstantText } from '@sluice/observability/access-log';
import type { SnapshotTables, TcpRouterTls } from '@sluice/routing/snapshot';
import type { LimitsBlock } from '@sluice/shared-state';
import { makeTcpMiddleware, type TcpMiddleware } from './tcp-middleware.ts';
import type { TcpServer } from './tcp-server.ts';

/** The revision it is part of: kept while a client may still get a server of it, whose rows of shared memory are its own till then. */
export interface RevisionHolder {
  enter(): void;
  leave(): void;
}

export interface RouteSurroundings {
  readonly limits: LimitsBlock;
  readonly slot: number;
  readonly holder: RevisionHolder;
}

export class TcpRoute {
  readonly name: string;
  readonly serviceName: string;
  /** As the access log names it. */
  readonly accessText: ConstantText;
  readonly tls: TcpRouterTls;
  /** Name of the TLS options when it is `terminate`. */
  readonly tlsOptions: string;
  readonly service: BalancedService<TcpServer>;
  /** Outermost first. */
  private readonly middlewares: readonly TcpMiddleware[];
  private readonly holder: RevisionHolder;

  /** @throws Error when a part of the snapshot cannot be made (the compiler should have refused it). */
  constructor(
    tables: SnapshotTables,
    index: number,
    services: ServiceBuilder<TcpServer, number>,
    { limits, slot, holder }: RouteSurroundings,
  ) {
    this.holder = holder;
    const record = tables.tcpRouter(index);
    this.name = record.name;
    this.accessText = new ConstantText(record.name);
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

  /** @param client 16 bytes. @returns what keeps it out; undefined when it is in, until `settled` and `leave`. */
  enter(client: Uint8Array): CatalogueEntry | undefined {
    const { middlewares } = this;
    for (let i = 0; i < middlewares.length; i++) {
      const refusal = middlewares[i].enter(client);
      if (refusal === undefined) continue;
      for (let entered = 0; entered < i; entered++) middlewares[entered].leave(client);
      return refusal;
    }
    this.holder.enter();
    return undefined;
  }

  /** Once for each client that is in: it needs no server of the revision any more. */
  settled(): void {
    this.holder.leave();
  }

  /** Once for each client that is in. */
  leave(client: Uint8Array): void {
    for (let i = 0; i < this.middlewares.length; i++) this.middlewares[i].leave(client);
  }
}
