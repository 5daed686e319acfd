// The UDP routers of one revision: which takes a new flow, and what its service is. Made on first use, as most revisions are replaced
// before a flow asks for all of it. Finding a route allocates nothing once it is made.

import { type BalancedService, isProblem, type ServiceBuilder } from '@sluice/balancing';
import type {
  ConnectionMatcher,
  ConnectionView,
  StreamTables,
  UdpServersServiceRecord,
} from '@sluice/routing/snapshot';
import { nameHash } from '@sluice/shared-state';
import type { StreamServices } from '../worker/stream-services.ts';
import { UdpServer } from './udp-server.ts';

export type UdpServices = StreamServices<UdpServersServiceRecord, UdpServer>;

export interface UdpRoute {
  /** Qualified name of the router. */
  readonly name: string;
  /** Undefined: the snapshot should not have such a service. */
  readonly service: BalancedService<UdpServer> | undefined;
}

interface Numbered {
  readonly servers: ReadonlyMap<number, UdpServer>;
  /** Their indices. */
  readonly routers: ReadonlyMap<number, number>;
}

/** What of a revision is needed. */
export interface UdpTables {
  readonly reader: Pick<StreamTables, 'udpIndex' | 'udpRouter' | 'udpService' | 'udpRouterCount'> & {
    readonly udpServiceCount: number;
  };
  readonly matcher: Pick<ConnectionMatcher, 'matchUdp'>;
}

/** Rules that hold for every flow. */
const CATCH_ALLS: ReadonlySet<string> = new Set(['', 'HostSNI(`*`)', 'HostSNI("*")']);

export class UdpRoutes {
  readonly tables: UdpTables;
  private readonly services: ServiceBuilder<UdpServer, number>;
  private readonly routes = new Map<number, UdpRoute>();
  /** Made when somebody asks for it. */
  private numbered: Numbered | undefined = undefined;
  private asks: boolean | undefined = undefined;

  constructor(tables: UdpTables, services: UdpServices) {
    this.tables = tables;
    this.services = services.under((index) => tables.reader.udpService(index));
  }

  /** Some router of the snapshot wants to know more of a flow than that it is there. */
  get haveRules(): boolean {
    if (this.asks === undefined) {
      const { reader } = this.tables;
      this.asks = false;
      for (let index = 0; index < reader.udpRouterCount && !this.asks; index++) {
        this.asks = !CATCH_ALLS.has(reader.udpRouter(index).rule.trim());
      }
    }
    return this.asks;
  }

  /** @param entryPoint its index. @returns undefined when no router takes it. */
  find(entryPoint: number, flow: ConnectionView): UdpRoute | undefined {
    const { reader, matcher } = this.tables;
    const matchIndex = reader.udpIndex(entryPoint);
    const index = matchIndex === -1 ? -1 : matcher.matchUdp(matchIndex, flow);
    return index === -1 ? undefined : (this.routes.get(index) ?? this.make(index));
  }

  /** By its `number`; undefined: this revision has no such server. */
  serverNumbered(number: number): UdpServer | undefined {
    this.numbered ??= this.numberAll();
    return this.numbered.servers.get(number);
  }

  /** By the `nameHash` of its name. */
  routeNumbered(number: number): UdpRoute | undefined {
    this.numbered ??= this.numberAll();
    const index = this.numbered.routers.get(number);
    return index === undefined ? undefined : (this.routes.get(index) ?? this.make(index));
  }

  private numberAll(): Numbered {
    const { reader } = this.tables;
    const servers = new Map<number, UdpServer>();
    const routers = new Map<number, number>();
    for (let index = 0; index < reader.udpServiceCount; index++) {
      const record = reader.udpService(index);
      if (record.kind !== 'servers') continue;
      for (const each of record.servers) {
        const server = new UdpServer(record.name, each);
        servers.set(server.number, server);
      }
    }
    for (let index = 0; index < reader.udpRouterCount; index++)
      routers.set(nameHash(reader.udpRouter(index).name), index);
    return { servers, routers };
  }

  private make(index: number): UdpRoute {
    const { name, service } = this.tables.reader.udpRouter(index);
    const made = this.services.obtain(service);
    const route = { name, service: isProblem(made) ? undefined : made };
    this.routes.set(index, route);
    return route;
  }
}
