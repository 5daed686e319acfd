// One data path in this process with one UDP entry point, in front of servers of node:dgram, for tests. No supervisor and no second
// process: what those do is tested with real ones.

import { hostname } from 'node:os';
import { decodeDynamic, decodeStaticText, type EntryPointConfiguration, qualifyRouted } from '@sluice/config';
import { formatDiagnostic } from '@sluice/errors';
import { middlewareTypes } from '@sluice/middlewares';
import { createDatagramSocket } from '@sluice/native';
import type { AccessLog } from '@sluice/observability/access-log';
import { compileConfiguration, SnapshotReader, streamServerKey } from '@sluice/routing';
import { LimitsBlock, MetricsBlock, ServerHealth, ServerStatus } from '@sluice/shared-state';
import { pino } from 'pino';
import { WorkerMetrics } from '../metrics/worker-metrics.ts';
import type { NameResolver } from '../upstream/name-resolver.ts';
import { Dataplane } from '../worker/dataplane.ts';
import { DEFAULT_TRANSPORT } from './configuration.ts';

export interface UdpOptions {
  /** Keys of the entry point beside its address, as YAML. */
  readonly entryPoint?: string;
  readonly resolver?: NameResolver;
  readonly accessLog?: AccessLog;
  readonly flowsMax?: number;
  readonly metrics?: boolean;
  /** Default: 127.0.0.1. */
  readonly host?: string;
}

export interface UdpLine {
  readonly level: number;
  readonly code?: string;
  readonly msg: string;
}

const SLOTS = 2;
const ROWS = 64;
const METRICS = { rows: 256, bounds: [0.1, 1], textBytes: 64 };

export class UdpUnderTest {
  readonly port: number;
  readonly status: ServerStatus = new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(ROWS, SLOTS)), SLOTS);
  readonly limits: LimitsBlock = LimitsBlock.alone(SLOTS - 1, ROWS);
  readonly dataplane: Dataplane;
  /** Revisions whose memory may be unmapped. */
  readonly released: number[] = [];
  /** Log lines from level warn on. */
  readonly lines: UdpLine[] = [];
  readonly counted: MetricsBlock | undefined;
  private readonly rows = new Map<string, number>();
  private readonly entryPoint: EntryPointConfiguration;
  private revision = 0;

  /** @param udp the section `udp` of a dynamic configuration, as YAML */
  constructor(udp: string, options: UdpOptions = {}) {
    const text = `entryPoints: { dns: { address: ":0/udp", ${options.entryPoint ?? ''} } }`;
    this.entryPoint = decodeStaticText(text, 'yaml', 'test.yaml').configuration.entryPoints.dns;
    const memory = options.metrics === true ? new ArrayBuffer(MetricsBlock.byteLength(METRICS)) : undefined;
    this.counted = memory && MetricsBlock.create(memory, METRICS);
    const settings = { entryPoints: true, routers: true, services: true, internals: false, headers: [] };
    this.dataplane = new Dataplane({
      slot: 0,
      status: this.status,
      limits: this.limits,
      log: pino({ level: 'warn' }, { write: (line) => void this.lines.push(JSON.parse(line)) }),
      serverName: hostname(),
      transport: { connectionsMax: 64 },
      flowsMax: options.flowsMax ?? 4_096,
      ...(options.resolver === undefined ? {} : { resolver: options.resolver }),
      ...(options.accessLog === undefined ? {} : { accessLog: options.accessLog }),
      ...(this.counted === undefined ? {} : { metrics: new WorkerMetrics(this.counted, settings) }),
    });
    this.install(udp);
    const { descriptor, port } = createDatagramSocket({ host: options.host ?? '127.0.0.1', port: 0 });
    this.port = port;
    this.dataplane.listen('dns', descriptor);
  }

  /** Puts another configuration in force. @throws Error for any mistake in it. */
  install(udp: string): void {
    const decoded = decodeDynamic({
      text: `udp: ${udp}`,
      format: 'yaml',
      file: 't',
      middlewareTypes,
      unknownKeys: 'error',
    });
    const revision = ++this.revision;
    const { bytes, diagnostics } = compileConfiguration({
      ...qualifyRouted('file', decoded),
      revision,
      entryPoints: { dns: this.entryPoint },
      providerPrecedence: ['file'],
      defaultServersTransport: DEFAULT_TRANSPORT,
      statusRow: (key) => this.rowAt(key),
    });
    const problems = [...decoded.diagnostics, ...diagnostics];
    if (problems.length > 0) throw new Error(problems.map(formatDiagnostic).join('\n'));
    this.dataplane.install(SnapshotReader.open(bytes), () => this.released.push(revision));
  }

  /** Row of a server in the shared status; new ones are up. */
  rowOf(service: string, address: string): number {
    return this.rowAt(streamServerKey('udp', `${service}@file`, address));
  }

  setHealth(service: string, address: string, isUp: boolean): void {
    this.status.setHealth(this.rowOf(service, address), isUp ? ServerHealth.UP : ServerHealth.DOWN);
  }

  close(): void {
    this.dataplane.close();
  }

  private rowAt(key: string): number {
    let row = this.rows.get(key);
    if (row === undefined) {
      row = this.rows.size;
      this.rows.set(key, row);
      this.status.reset(row, ServerHealth.UP);
    }
    return row;
  }
}
