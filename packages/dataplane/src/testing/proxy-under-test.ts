// One data path in this process in front of one raw server, for tests that deal in bytes.
// No supervisor and no second process: what those do is tested with real ones.

import { hostname } from 'node:os';
import type {
  EntryPointConfiguration,
  EntryPointHttp2,
  Http2Limits,
  HttpConfiguration,
  ServersTransportConfiguration,
} from '@sluice/config';
import { type MiddlewareType, middlewareTypes } from '@sluice/middlewares';
import { createListeningSocket } from '@sluice/native';
import type { AccessLog } from '@sluice/observability/access-log';
import type { MetricsSettings } from '@sluice/observability/metrics';
import { compileConfiguration, SnapshotReader, serverKey, type TlsMaterial } from '@sluice/routing';
import { LimitsBlock, MetricsBlock, type MetricsBlockShape, ServerHealth, ServerStatus } from '@sluice/shared-state';
import { pino } from 'pino';
import type { OpenHttp2 } from '../detect/open-http2.ts';
import type { ClientBalanceOptions } from '../listen/client-balance.ts';
import { WorkerMetrics } from '../metrics/worker-metrics.ts';
import type { NameResolver } from '../upstream/name-resolver.ts';
import { Dataplane, type DataplaneOptions } from '../worker/dataplane.ts';
import { DEFAULT_TRANSPORT, defaultEntryPoint, routedConfiguration } from './configuration.ts';
import { RawClient } from './raw-client.ts';
import { type RawHandler, RawServer } from './raw-server.ts';

export interface ProxyOptions {
  /** Default: everything. */
  readonly rule?: string;
  readonly passHostHeader?: boolean;
  /** Path of the server's URL, and whether it is kept. */
  readonly serverPath?: string;
  readonly preservePath?: boolean;
  readonly forwardedHeaders?: Partial<EntryPointConfiguration['forwardedHeaders']>;
  readonly http?: Partial<EntryPointConfiguration['http']>;
  readonly respondingTimeouts?: Partial<EntryPointConfiguration['transport']['respondingTimeouts']>;
  readonly proxyProtocol?: EntryPointConfiguration['proxyProtocol'];
  readonly relay?: EntryPointConfiguration['relay'];
  readonly keepAliveMaxRequests?: number;
  readonly lifeCycle?: Partial<EntryPointConfiguration['transport']['lifeCycle']>;
  readonly limits?: Partial<EntryPointConfiguration['transport']['limits']>;
  readonly http2?: Partial<Omit<EntryPointHttp2, 'limits'>> & { readonly limits?: Partial<Http2Limits> };
  readonly slowClientsEveryMs?: number;
  readonly serverDrainMs?: number;
  readonly bufferedBytesMax?: number;
  readonly transport?: {
    readonly maxIdleConnsPerHost?: number;
    readonly maxConnsPerServer?: number;
    readonly maxQueuedPerServer?: number;
    readonly disableHTTP2?: boolean;
    readonly forwardingTimeouts?: Partial<ServersTransportConfiguration['forwardingTimeouts']>;
  };
  /** Middlewares of the one router, as YAML lines under `http.middlewares`; all of them are used, in order. */
  readonly middlewares?: Readonly<Record<string, string>>;
  /** Replaces the whole dynamic configuration; `SERVER` stands for the server's URL. */
  readonly dynamic?: string;
  /** Middleware types that only the test knows, beside the built-in ones. */
  readonly middlewareTypes?: readonly MiddlewareType[];
  readonly resolver?: NameResolver;
  /** In place of every server's URL, also one that no user may write. */
  readonly serverUrl?: string;
  /** What is counted, in `counted`. Default: nothing. */
  readonly metrics?: Partial<MetricsSettings>;
  readonly accessLog?: AccessLog;
  /** TLS is spoken with this; more by `dataplane.installTls`. Default: it is not. */
  readonly tls?: TlsMaterial;
  readonly tlsBounds?: DataplaneOptions['tls'];
  /** `tls` of the one router, as a line of YAML. */
  readonly routerTls?: string;
  readonly openHttp2?: OpenHttp2;
  readonly observability?: Partial<EntryPointConfiguration['observability']>;
  /** Clients are shared with the other worker. */
  readonly balance?: Omit<ClientBalanceOptions, 'slot' | 'load'>;
  /** Default: no limit. */
  readonly clientsMax?: number;
  /** The test provokes log lines at level error; otherwise `close` takes one for a failure. */
  readonly faultsExpected?: boolean;
}

const SLOTS = 2;
const WARN_LEVEL = 40;
const ERROR_LEVEL = 50;
const ROWS = 64;

export class ProxyUnderTest {
  readonly server: RawServer;
  readonly port: number;
  readonly status: ServerStatus;
  readonly limits: LimitsBlock;
  readonly dataplane: Dataplane;
  /** With the option `metrics`. */
  readonly counted: MetricsBlock | undefined;
  /** Revisions whose memory may be unmapped. */
  readonly released: number[] = [];
  /** Log lines at level error and above, as JSON. */
  readonly faults: string[] = [];
  /** With the option `tls`: what is logged at level debug. */
  readonly details: { readonly code?: string; readonly reason?: string }[] = [];
  /** Log lines at level warn. */
  readonly warnings: { readonly code?: string; readonly earlier?: number; readonly reason?: string }[] = [];
  private readonly options: ProxyOptions;
  private readonly clients: RawClient[] = [];
  private readonly rows: Map<string, number>;
  private readonly types: ReadonlyMap<string, MiddlewareType>;
  private revision = 0;

  /** @param beside another worker of the same node: server status and limits are shared with it. At most one. */
  constructor(server: RawServer, options: ProxyOptions, beside?: ProxyUnderTest) {
    this.server = server;
    this.options = options;
    this.types = new Map([
      ...middlewareTypes,
      ...(options.middlewareTypes ?? []).map((type) => [type.type, type] as const),
    ]);
    this.status = beside?.status ?? new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(ROWS, SLOTS)), SLOTS);
    this.limits = beside?.limits ?? LimitsBlock.alone(SLOTS - 1, ROWS);
    this.rows = beside?.rows ?? new Map();
    this.counted = options.metrics === undefined ? undefined : MetricsBlock.create(...metricsMemory());
    this.dataplane = new Dataplane({
      slot: beside === undefined ? 0 : 1,
      status: this.status,
      limits: this.limits,
      log: pino({ level: options.tls === undefined ? 'warn' : 'debug' }, { write: (line) => this.noteLine(line) }),
      serverName: hostname(),
      transport: { connectionsMax: 4096 },
      clientsMax: options.clientsMax ?? 0,
      slowClientsEveryMs: options.slowClientsEveryMs ?? 1_000,
      serverDrainMs: options.serverDrainMs ?? 30_000,
      bufferedBytesMax: options.bufferedBytesMax ?? 0,
      middlewareBehaviourOf: (type) => this.types.get(type),
      ...(options.accessLog === undefined ? {} : { accessLog: options.accessLog }),
      ...(options.tlsBounds === undefined ? {} : { tls: options.tlsBounds }),
      ...(options.openHttp2 === undefined ? {} : { openHttp2: options.openHttp2 }),
      ...(options.balance === undefined ? {} : { balance: options.balance }),
      ...(options.resolver === undefined ? {} : { resolver: options.resolver }),
      ...(this.counted === undefined ? {} : { metrics: new WorkerMetrics(this.counted, metricsSettings(options)) }),
    });
    if (options.tls !== undefined) this.dataplane.installTls(options.tls);
    this.install(options.dynamic ?? this.defaultDynamic());
    const { descriptor, port } = createListeningSocket({ host: '127.0.0.1', port: 0 });
    this.port = port;
    this.dataplane.listen('web', descriptor);
  }

  get exchangeCount(): number {
    return this.dataplane.exchangeCount;
  }

  /** Puts another dynamic configuration (YAML) in force. */
  install(dynamic: string): void {
    const { http: decoded, tcp } = routedConfiguration(
      dynamic.replaceAll('SERVER', this.server.url).replaceAll('PORT', String(this.server.port)),
      this.types,
    );
    const http = this.options.serverUrl === undefined ? decoded : withServerUrl(decoded, this.options.serverUrl);
    const revision = ++this.revision;
    const { bytes } = compileConfiguration({
      revision,
      http,
      tcp,
      entryPoints: { web: this.entryPoint() },
      providerPrecedence: ['file'],
      defaultServersTransport: this.transport(),
      statusRow: (key) => this.rowOf(key),
    });
    this.dataplane.install(SnapshotReader.open(bytes), () => this.released.push(revision));
  }

  async client(): Promise<RawClient> {
    const client = await RawClient.open(this.port);
    this.clients.push(client);
    return client;
  }

  /** @throws Error when the data path has logged an error that the test does not expect. */
  async close(): Promise<void> {
    for (const client of this.clients) client.close();
    this.dataplane.close();
    await this.server.close();
    if (this.faults.length > 0 && this.options.faultsExpected !== true) {
      throw new Error(`the data path logged errors:\n${this.faults.join('')}`);
    }
  }

  /** Resolves once no exchange runs, none is counted as in flight, and no connection is kept for one. @throws Error otherwise. */
  async untilQuiet(): Promise<void> {
    await this.server.until(() => this.exchangeCount === 0, `the end of ${this.exchangeCount} exchanges`);
    for (const row of this.rows.values()) {
      if (this.status.inFlight(row) !== 0)
        throw new Error(`${this.status.inFlight(row)} exchanges are in flight in row ${row}`);
    }
  }

  private noteLine(line: string): void {
    const fields = JSON.parse(line);
    if (fields.level >= ERROR_LEVEL) this.faults.push(line);
    else if (fields.level >= WARN_LEVEL) this.warnings.push(fields);
    else this.details.push(fields);
  }

  /** Row of a server in the shared status; new rows start up. */
  rowOf(key: string): number {
    let row = this.rows.get(key);
    if (row === undefined) {
      row = this.rows.size;
      this.rows.set(key, row);
      this.status.reset(row, ServerHealth.UP);
    }
    return row;
  }

  /** Row of a server of the service `app`. */
  rowOfServer(url: string): number {
    return this.rowOf(serverKey('app@file', url));
  }

  private defaultDynamic(): string {
    const { rule, passHostHeader, serverPath, preservePath, middlewares } = this.options;
    const names = Object.keys(middlewares ?? {});
    const definitions = names.map((name) => `    ${name}:\n      ${middlewares![name].replaceAll('\n', '\n      ')}\n`);
    return `
http:
  routers:
    all:
      rule: ${JSON.stringify(rule ?? 'PathPrefix(`/`)')}
      service: app
      middlewares: [${names.join(', ')}]
${this.options.routerTls === undefined ? '' : `      tls: ${this.options.routerTls}\n`}${names.length > 0 ? `  middlewares:\n${definitions.join('')}` : ''}
  services:
    app:
      loadBalancer:
        passHostHeader: ${passHostHeader ?? true}
        servers:
          - url: SERVER${serverPath ?? ''}
            preservePath: ${preservePath ?? false}
`;
  }

  private entryPoint(): EntryPointConfiguration {
    const base = defaultEntryPoint();
    const { forwardedHeaders, http, http2, respondingTimeouts, keepAliveMaxRequests, lifeCycle, limits } = this.options;
    return {
      ...base,
      relay: this.options.relay ?? base.relay,
      proxyProtocol: this.options.proxyProtocol,
      forwardedHeaders: { ...base.forwardedHeaders, ...forwardedHeaders },
      http: { ...base.http, ...http },
      observability: { ...base.observability, ...this.options.observability },
      http2: { ...base.http2, ...http2, limits: { ...base.http2.limits, ...http2?.limits } },
      transport: {
        ...base.transport,
        keepAliveMaxRequests: keepAliveMaxRequests ?? 0,
        lifeCycle: { ...base.transport.lifeCycle, ...lifeCycle },
        respondingTimeouts: { ...base.transport.respondingTimeouts, ...respondingTimeouts },
        limits: { ...base.transport.limits, ...limits },
      },
    };
  }

  private transport(): ServersTransportConfiguration {
    const { transport } = this.options;
    return {
      ...DEFAULT_TRANSPORT,
      ...transport,
      forwardingTimeouts: { ...DEFAULT_TRANSPORT.forwardingTimeouts, ...transport?.forwardingTimeouts },
    };
  }
}

function metricsMemory(): [ArrayBuffer, MetricsBlockShape] {
  const shape = { rows: 256, bounds: [0.1, 1], textBytes: 64 };
  return [new ArrayBuffer(MetricsBlock.byteLength(shape)), shape];
}

function metricsSettings({ metrics }: ProxyOptions): MetricsSettings {
  return { entryPoints: true, routers: true, services: true, internals: false, headers: [], ...metrics };
}

function withServerUrl(http: HttpConfiguration, url: string): HttpConfiguration {
  const services = Object.entries(http.services).map(([name, { loadBalancer }]) => {
    const servers = loadBalancer.servers.map((server) => ({ ...server, url }));
    return [name, { loadBalancer: { ...loadBalancer, servers } }];
  });
  return { ...http, services: Object.fromEntries(services) };
}

/** A proxy whose one service has one server, which handles data as given. */
export async function startProxy(handler: RawHandler, options: ProxyOptions = {}): Promise<ProxyUnderTest> {
  const server = await RawServer.start(handler);
  try {
    return new ProxyUnderTest(server, options);
  } catch (error) {
    await server.close();
    throw error;
  }
}
