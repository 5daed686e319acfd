// One worker's data path: listeners, connections, and the revision that new exchanges start on. The face the worker
// process drives; it reads no configuration file and talks to no other process.

import { type EntryPointConfiguration, isUdp } from '@sluice/config';
import { Errors } from '@sluice/errors';
import { middlewareBehaviourOf } from '@sluice/middlewares/behaviours';
import { pendingConnections, StreamTransport, type StreamTransportOptions, wasHandedOver } from '@sluice/native';
import type { AccessLog } from '@sluice/observability/access-log';
import type { SnapshotReader } from '@sluice/routing/snapshot';
import type { TlsMaterial } from '@sluice/routing/tls';
import { LimitsBlock, type ServerStatus } from '@sluice/shared-state';
import type { Logger } from 'pino';
import { Detection } from '../detect/detection.ts';
import { firstConnection } from '../detect/first-connection.ts';
import { http2Taker } from '../detect/http2-taker.ts';
import type { OpenHttp2 } from '../detect/open-http2.ts';
import { tlsTaker } from '../detect/tls-taker.ts';
import { EntryPoint } from '../http/entry-point.ts';
import { ExchangePool } from '../http/exchange-pool.ts';
import { HeadWriter } from '../http/head-writer.ts';
import { openHttp2 } from '../http2/open-http2.ts';
import { AcceptLog } from '../listen/accept-log.ts';
import { ClientAdmission } from '../listen/client-admission.ts';
import { ClientBalance, type ClientBalanceOptions } from '../listen/client-balance.ts';
import { PeerAddress } from '../listen/peer-address.ts';
import { RefusalLog } from '../listen/refusal-log.ts';
import type { WorkerMetrics } from '../metrics/worker-metrics.ts';
import { SessionWatch } from '../tcp/session-watch.ts';
import { TcpPlane } from '../tcp/tcp-plane.ts';
import { TlsTermination, type TlsTerminationOptions } from '../tls/tls-termination.ts';
import { UdpPlane } from '../udp/udp-plane.ts';
import { IdleSeats } from '../upstream/idle-seats.ts';
import { NameResolver } from '../upstream/name-resolver.ts';
import { UpstreamPools } from '../upstream/upstream-pools.ts';
import { UpstreamTls } from '../upstream/upstream-tls.ts';
import { BufferRelief } from './buffer-relief.ts';
import { BufferedBytes } from './buffered-bytes.ts';
import { ConnectionTable } from './connection-table.ts';
import { Drain } from './drain.ts';
import { dispatchEvents, type ListenerEvents } from './event-dispatch.ts';
import { Revision } from './revision.ts';
import type { MiddlewareLookup } from './route.ts';
import { ServiceRegistry } from './service-registry.ts';
import { SlowClients } from './slow-clients.ts';
import type { WorkerContext } from './worker-context.ts';

export interface DataplaneOptions {
  readonly slot: number;
  readonly status: ServerStatus;
  /** What is limited over all workers. Default: this one is the only one. */
  readonly limits?: LimitsBlock;
  /** Bytes kept for peers at which new clients are turned away; 0: no bound. Default: none. */
  readonly bufferedBytesMax?: number;
  /** How often slow clients are looked for. Default 1,000. */
  readonly slowClientsEveryMs?: number;
  /** Shares clients with the other workers. Default: there is no other. */
  readonly balance?: Omit<ClientBalanceOptions, 'slot' | 'load'>;
  /** Over how long TCP connections to a server that is down are ended, where a service says `drain`. Default 30,000. */
  readonly serverDrainMs?: number;
  readonly log: Logger;
  /** Default: requests are not logged. Stays the caller's. */
  readonly accessLog?: AccessLog;
  /** Host name of the machine, for X-Forwarded-Server. */
  readonly serverName: string;
  /** At a time, over all entry points; 0: as many as there are seats. Default 0. */
  readonly clientsMax?: number;
  /** UDP flows at a time, over all entry points. Default 16,384. */
  readonly flowsMax?: number;
  /** Bounds of the transport; its defaults fit a production worker. */
  readonly transport?: StreamTransportOptions;
  readonly resolver?: NameResolver;
  /** Absent: nothing is counted. */
  readonly metrics?: WorkerMetrics;
  /** How HTTP/2 is spoken with clients. Default: as always; a test may watch it. */
  readonly openHttp2?: OpenHttp2;
  readonly tls?: Pick<TlsTerminationOptions, 'handshakesMax' | 'contextsMax'>;
  /** Finds the behaviour of a middleware type by its key; default: the built-in ones. */
  readonly middlewareBehaviourOf?: MiddlewareLookup;
}

interface Listener {
  readonly entryPoint: EntryPoint;
  /** Of the entry point's first listener, here as in every other worker. */
  readonly firstTag: number;
  readonly descriptor: number;
  readonly log: AcceptLog;
}

/** How often services that are no longer configured are looked for. */
const SWEEP_MS = 30_000;
const SLOW_CLIENTS_EVERY_MS = 1_000;
const FLOWS_MAX = 16_384;
/** Tags of listeners: one for each entry point by its index, then what is more than one of an entry point, and the mailbox. */
const FIRST_TAG = 1;
const FURTHER_TAG = 32_768;
const MAILBOX_TAG = 65_535;

export class Dataplane implements ListenerEvents {
  private readonly context: WorkerContext;
  private readonly live = new Set<Revision>();
  /** By listener tag. */
  private readonly listeners = new Map<number, Listener>();
  private accepting = true;
  private readonly middlewareBehaviourOf: MiddlewareLookup;
  private readonly sweeper: NodeJS.Timeout;
  private readonly slowClients: SlowClients;
  private readonly relief: BufferRelief;
  private readonly sessionWatch: SessionWatch;
  private readonly limits: LimitsBlock;
  private readonly clientsMax: number;
  private readonly flowsMax: number;
  private nextTag = FURTHER_TAG;
  /** Undefined while no UDP entry point is listened on. */
  private udp: UdpPlane | undefined = undefined;

  constructor(options: DataplaneOptions) {
    this.limits = options.limits ?? LimitsBlock.alone(options.slot, options.status.rows);
    this.clientsMax = options.clientsMax ?? 0;
    this.flowsMax = options.flowsMax ?? FLOWS_MAX;
    this.middlewareBehaviourOf = options.middlewareBehaviourOf ?? middlewareBehaviourOf;
    const bufferedBytesMax = options.bufferedBytesMax ?? 0;
    const bounds = bufferedBytesMax === 0 ? {} : { queuedMemoryHighBytes: bufferedBytesMax };
    const transport: StreamTransport = new StreamTransport(
      { acceptedMax: this.clientsMax, ...options.transport, ...bounds },
      (count) => dispatchEvents(this.context, this, count),
    );
    const pools = new UpstreamPools({ limits: this.limits, slot: options.slot, flush: () => transport.flush() });
    this.context = {
      slot: options.slot,
      transport,
      connections: new ConnectionTable(),
      status: options.status,
      metrics: options.metrics,
      log: options.log,
      accessLog: options.accessLog,
      balance: options.balance && new ClientBalance({ ...options.balance, slot: options.slot, load: this.limits.load }),
      serverName: options.serverName,
      exchanges: new ExchangePool(),
      headWriter: new HeadWriter(transport),
      buffered: new BufferedBytes(transport, bufferedBytesMax),
      pools,
      detection: new Detection([tlsTaker, http2Taker]),
      tls: new TlsTermination({
        transport,
        log: options.log,
        ...options.tls,
      }),
      openHttp2: options.openHttp2 ?? openHttp2,
      idleSeats: new IdleSeats(transport.queuedBytes.length),
      upstreamTls: new UpstreamTls(options.log),
      services: new ServiceRegistry(options.status, pools),
      tcp: new TcpPlane(options.slot, options.status, this.limits, () => transport.flush()),
      resolver: options.resolver ?? new NameResolver(),
      revision: undefined as unknown as Revision, // set by `install`, which comes before `listen`
      draining: false,
    };
    this.relief = new BufferRelief(this.context);
    this.sessionWatch = new SessionWatch(this.context, options.serverDrainMs);
    this.slowClients = new SlowClients(this.context, options.slowClientsEveryMs ?? SLOW_CLIENTS_EVERY_MS);
    this.sweeper = setInterval(() => this.sweepServices(), SWEEP_MS).unref();
  }

  /**
   * Accepts, or receives, on an inherited descriptor. Several per entry point are allowed.
   * @throws Error before the first `install`, and for an entry point that the installed snapshot does not have.
   */
  listen(entryPoint: string, descriptor: number): void {
    const reader = this.context.revision?.reader;
    if (reader === undefined) throw new Error('a snapshot must be installed before listening');
    const index = reader.entryPointIndex(entryPoint);
    if (index === -1) throw new Error(`the snapshot has no entry point ${entryPoint}`);
    const configuration = JSON.parse(reader.entryPoint(index).configurationJson) as EntryPointConfiguration;
    if (isUdp(configuration)) {
      this.udp ??= this.makeUdp(reader);
      this.udp.listen(entryPoint, index, configuration, descriptor);
      return;
    }
    const firstTag = FIRST_TAG + index;
    const tag = this.listeners.has(firstTag) ? this.nextTag++ : firstTag;
    const metrics = this.context.metrics?.ofEntryPoint(entryPoint, configuration.observability.metrics);
    const refusals = new RefusalLog(this.context.log, entryPoint);
    const served = new EntryPoint(entryPoint, configuration, metrics, this.admissionTo(index, configuration), refusals);
    if (served.pace !== undefined) this.slowClients.start();
    this.listeners.set(tag, {
      entryPoint: served,
      firstTag,
      descriptor,
      log: new AcceptLog(this.context.log, entryPoint),
    });
    this.context.transport.listen(descriptor, tag);
  }

  /** Takes connections that other workers have accepted, until `close`. After `listen`, as they belong to a listener. */
  receive(mailbox: number): void {
    this.context.transport.listenMailbox(mailbox, MAILBOX_TAG);
  }

  /**
   * New exchanges use this snapshot from now on. `release` is called when a later one is in force and the last exchange
   * that started on this one has ended: only then may its memory be unmapped.
   */
  install(reader: SnapshotReader, release: () => void): void {
    const { context } = this;
    const released = () => {
      this.live.delete(revision);
      release();
    };
    const { services, metrics, tcp } = context;
    const revision: Revision = new Revision(reader, services, this.middlewareBehaviourOf, released, tcp, metrics);
    this.live.add(revision);
    const previous = context.revision;
    context.revision = revision;
    if (previous !== undefined) this.udp?.install(revision, previous);
    previous?.retire();
  }

  /**
   * New handshakes use this from now on, and not before the first time is TLS spoken; connections live on with what they have.
   * @throws Error for material that cannot be used; what was in force stays so.
   */
  installTls(material: TlsMaterial): void {
    this.context.tls.install(material);
    const { pools, upstreamTls, transport } = this.context;
    pools.renew(upstreamTls.install(material));
    transport.flush();
  }

  /** Connections of clients and to servers. */
  get connectionCount(): number {
    return this.context.connections.count;
  }

  /** UDP flows, those that are not decided included. */
  get flowCount(): number {
    return this.udp?.flowCount ?? 0;
  }

  /** Open descriptors of connections, also of those that we have closed and that still send their last bytes. */
  get descriptorCount(): number {
    return this.context.transport.connectionCount;
  }

  /** Kept for peers: heads in pieces, requests sent ahead, what they have not taken yet. */
  get bufferedBytes(): number {
    return this.context.buffered.total;
  }

  /** Commands that the transport refused on live connections: each is a defect of ours. */
  get refusedCommands(): number {
    return this.context.transport.refusedCommands;
  }

  /** Exchanges now running. */
  get exchangeCount(): number {
    return this.context.exchanges.active;
  }

  /** There is a UDP entry point here. */
  get receivesDatagrams(): boolean {
    return this.udp !== undefined;
  }

  /**
   * Goes on accepting for `acceptGraceMs`, then lets every exchange and session finish for `graceMs`. Resolves when no connection of
   * a client is left; what is not done by then is cut off. Datagrams pass as before.
   */
  drain(acceptGraceMs: number, graceMs: number): Promise<void> {
    const listeners = { queued: () => this.queuedConnections(), stop: () => this.stopListening() };
    return new Drain(this.context, listeners).run(acceptGraceMs, graceMs);
  }

  /** The same for flows. Resolves when none is left, or the time is over. */
  async drainDatagrams(acceptGraceMs: number, graceMs: number): Promise<void> {
    await this.udp?.drain(acceptGraceMs, graceMs);
  }

  /** Another process receives on the same UDP sockets. */
  releaseDatagrams(): void {
    this.udp?.release();
  }

  close(): void {
    this.udp?.close();
    clearInterval(this.sweeper);
    this.slowClients.close();
    this.relief.close();
    this.sessionWatch.close();
    this.context.tcp.close();
    this.stopListening();
    this.context.transport.destroy();
  }

  onAccepted(id: number, tag: number, peerOffset: number): void {
    const { transport, balance, buffered } = this.context;
    const isGiven = wasHandedOver(transport.memory, peerOffset);
    if (isGiven) balance?.arrived();
    const listener = this.listeners.get(tag);
    if (listener === undefined) {
      transport.reset(id);
      return;
    }
    const { entryPoint, firstTag } = listener;
    // Before anything else: whoever gets it does with it all that is done with a new one.
    if (!isGiven && balance?.handOver(transport, id, peerOffset, firstTag, this.clientsMax) === true) return;
    const peer = PeerAddress.read(transport.memory, peerOffset);
    const countsAs = entryPoint.countsAs(peer);
    const refusal = buffered.isFull ? Errors.BUFFERS_EXHAUSTED : entryPoint.admission?.admit(countsAs);
    if (refusal !== undefined) {
      transport.reset(id);
      entryPoint.metrics?.limits.reached(refusal);
      entryPoint.refusals.refused(refusal, peer.text, transport.now);
      return;
    }
    const connection = firstConnection(this.context, entryPoint, peer);
    if (connection === undefined) {
      entryPoint.admission?.leave(countsAs);
      transport.reset(id);
      return;
    }
    this.context.connections.add(id, connection);
    connection.admitted();
    connection.opened();
  }

  onListenerPaused(tag: number, errno: number): void {
    const listener = this.listeners.get(tag);
    listener?.log.paused(errno, this.clientsMax, performance.now());
  }

  onListenerResumed(tag: number): void {
    this.listeners.get(tag)?.log.resumed();
  }

  private admissionTo(entryPoint: number, { transport }: EntryPointConfiguration): ClientAdmission | undefined {
    const { maxConnections, maxConnectionsPerClient } = transport.limits;
    if (maxConnections === 0 && maxConnectionsPerClient === 0) return undefined;
    return new ClientAdmission(this.limits, entryPoint, this.context.slot, transport.limits);
  }

  private makeUdp(reader: SnapshotReader): UdpPlane {
    const { slot, status, resolver, log, accessLog, metrics, revision } = this.context;
    let entryPoints = 0;
    for (let index = 0; index < reader.entryPointCount; index++) {
      if (isUdp(JSON.parse(reader.entryPoint(index).configurationJson))) entryPoints++;
    }
    const { limits, flowsMax } = this;
    return new UdpPlane({ slot, status, limits, resolver, log, accessLog, metrics, flowsMax, entryPoints }, revision);
  }

  private queuedConnections(): number {
    if (!this.accepting) return 0;
    let queued = 0;
    for (const { descriptor } of this.listeners.values()) queued += pendingConnections(descriptor);
    return queued;
  }

  private stopListening(): void {
    if (!this.accepting) return;
    this.accepting = false;
    for (const tag of this.listeners.keys()) this.context.transport.unlisten(tag, true);
    this.context.transport.flush();
  }

  private sweepServices(): void {
    const used = new Set([...this.live].flatMap((revision) => [...revision.usedServices]));
    this.context.services.sweep(used, performance.now());
    this.context.tcp.services.keepOnly([...this.live].map(({ tcp }) => tcp.usedServices));
    this.context.metrics?.tcp.sweep();
    this.context.balance?.settle();
    this.context.transport.flush();
  }
}
