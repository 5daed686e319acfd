// Reads what a snapshot says of TCP and UDP. Part of SnapshotReader; allocates a record for each call, and is not for use per
// connection, except for what says so.

import { EntryPointFlag, RECORD_WORDS, Section, TCP_ROUTER_TLS } from './layout.ts';
import { SnapshotError } from './snapshot-error.ts';
import { SnapshotSections } from './snapshot-sections.ts';
import type {
  StreamTables,
  TcpMiddlewareRecord,
  TcpRouterRecord,
  TcpServiceRecord,
  TcpTables,
  TcpTransportRecord,
  UdpRouterRecord,
  UdpServiceRecord,
} from './stream-records.ts';

/** What is written as JSON of a weighted or failover service. */
interface ParentContent {
  readonly kind: 'weighted' | 'failover';
  readonly names: readonly string[];
  readonly weights?: readonly number[];
  readonly skipsUnhealthy?: boolean;
}

export abstract class StreamReader extends SnapshotSections implements StreamTables {
  /** Of HTTP; those of TCP and then of UDP come behind them. */
  readonly routerCount: number;
  readonly tcpRouterCount: number;
  readonly udpRouterCount: number;
  readonly tcpMiddlewareCount: number;
  readonly tcpServiceCount: number;
  readonly udpServiceCount: number;
  readonly tcpTransportCount: number;

  protected constructor(input: Uint8Array) {
    super(input);
    this.tcpRouterCount = this.recordCount(Section.TCP_ROUTERS);
    this.udpRouterCount = this.recordCount(Section.UDP_ROUTERS);
    this.routerCount = this.recordCount(Section.ROUTERS) - this.tcpRouterCount - this.udpRouterCount;
    if (this.routerCount < 0) throw new SnapshotError('there are fewer routers than it says');
    this.tcpMiddlewareCount = this.recordCount(Section.TCP_MIDDLEWARES);
    this.tcpServiceCount = this.recordCount(Section.TCP_SERVICES);
    this.udpServiceCount = this.recordCount(Section.UDP_SERVICES);
    this.tcpTransportCount = this.recordCount(Section.TCP_TRANSPORTS);
  }

  tcpTables(entryPoint: number): TcpTables {
    const at = this.record(Section.ENTRY_POINTS, entryPoint);
    const flags = this.words[at + 9]!;
    return {
      plainIndex: this.words[at + 6]! - 1,
      tlsIndex: this.words[at + 7]! - 1,
      hasTlsRoutes: (flags & EntryPointFlag.TLS_ROUTES) !== 0,
      matchesAtOnce: (flags & EntryPointFlag.MATCHES_AT_ONCE) !== 0,
      hasHttpsCatchAll: (flags & EntryPointFlag.HTTPS_CATCH_ALL) !== 0,
    };
  }

  udpIndex(entryPoint: number): number {
    return this.words[this.record(Section.ENTRY_POINTS, entryPoint) + 8]! - 1;
  }

  tcpRouter(index: number): TcpRouterRecord {
    const at = this.routerRecord(index, this.routerCount, this.tcpRouterCount);
    const beside = this.record(Section.TCP_ROUTERS, index);
    const tls = TCP_ROUTER_TLS[this.words[beside]!];
    if (tls === undefined) throw new SnapshotError(`TCP router ${index} is damaged`);
    return {
      index,
      name: this.stringAt(at),
      rule: this.stringAt(at + 1),
      priority: this.priorityAt(at),
      tls,
      tlsOptions: this.stringAt(at + 11),
      isCatchAll: this.words[beside + 1] !== 0,
      middlewares: this.middlewareList(at),
      service: this.words[at + 6]!,
    };
  }

  /** Allocates nothing. */
  isTcpCatchAll(index: number): boolean {
    return this.words[this.record(Section.TCP_ROUTERS, index) + 1] !== 0;
  }

  tcpMiddleware(index: number): TcpMiddlewareRecord {
    const at = this.record(Section.TCP_MIDDLEWARES, index);
    return { index, name: this.stringAt(at), type: this.stringAt(at + 1), optionsJson: this.stringAt(at + 2) };
  }

  tcpService(index: number): TcpServiceRecord {
    const at = this.record(Section.TCP_SERVICES, index);
    const base = this.serviceBase(index, at);
    const content = this.contentAt(at + 2) as { readonly kind?: unknown };
    if (content.kind === 'servers') {
      return { ...(content as object), ...base, transport: this.words[at + 3]! - 1 } as TcpServiceRecord;
    }
    return this.parent(at, content as ParentContent, base);
  }

  udpService(index: number): UdpServiceRecord {
    const at = this.record(Section.UDP_SERVICES, index);
    const base = this.serviceBase(index, at);
    const content = this.contentAt(at + 2) as { readonly kind?: unknown };
    if (content.kind === 'servers') return { ...(content as object), ...base } as UdpServiceRecord;
    return this.parent(at, content as ParentContent, base) as UdpServiceRecord;
  }

  tcpTransport(index: number): TcpTransportRecord {
    const at = this.record(Section.TCP_TRANSPORTS, index);
    return { ...this.contentAt(at + 2), ...this.serviceBase(index, at) } as TcpTransportRecord;
  }

  udpRouter(index: number): UdpRouterRecord {
    const at = this.routerRecord(index, this.routerCount + this.tcpRouterCount, this.udpRouterCount);
    return {
      index,
      name: this.stringAt(at),
      rule: this.stringAt(at + 1),
      priority: this.priorityAt(at),
      service: this.words[at + 6]!,
    };
  }

  /** First word of a router's record. @throws SnapshotError when it is none of the `count` from `first` on. */
  protected routerRecord(index: number, first: number, count: number): number {
    if (!(index >= 0 && index < count)) throw new SnapshotError(`router ${index} does not exist`);
    return this.record(Section.ROUTERS, first + index);
  }

  protected priorityAt(router: number): bigint {
    const { words } = this;
    return BigInt.asIntN(64, (BigInt(words[router + 3]!) << 32n) | BigInt(words[router + 2]!));
  }

  protected middlewareList(router: number): number[] {
    const count = this.words[router + 5]!;
    const first = this.recordRange(Section.MIDDLEWARE_LISTS, this.words[router + 4]!, count);
    return Array.from(this.words.subarray(first, first + count));
  }

  private serviceBase(index: number, at: number) {
    return { index, name: this.stringAt(at), hash: this.stringAt(at + 1) };
  }

  private parent(
    at: number,
    { kind, names, weights = [], skipsUnhealthy = false }: ParentContent,
    base: ReturnType<StreamReader['serviceBase']>,
  ): TcpServiceRecord {
    const count = this.words[at + 5]!;
    const first = this.recordRange(Section.SERVICE_CHILDREN, this.words[at + 4]!, count);
    const children = Array.from(this.words.subarray(first, first + count * RECORD_WORDS[Section.SERVICE_CHILDREN]!));
    if (kind === 'weighted' && Array.isArray(names)) {
      const named = children.map((service, i) => ({ service, name: names[i]!, weight: weights[i]! }));
      return { ...base, kind, children: named, skipsUnhealthy };
    }
    if (kind !== 'failover' || children.length !== 2) throw new SnapshotError(`service ${base.name} is damaged`);
    return { ...base, kind, service: children[0]!, fallback: children[1]! };
  }

  private contentAt(word: number): object {
    let content: unknown;
    try {
      content = JSON.parse(this.stringAt(word));
    } catch (error) {
      if (error instanceof SnapshotError) throw error;
      throw new SnapshotError('what is said of a service or transport is damaged');
    }
    if (typeof content === 'object' && content !== null) return content;
    throw new SnapshotError('what is said of a service or transport is damaged');
  }
}
