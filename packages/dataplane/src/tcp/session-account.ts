// What is counted and logged of one TCP session: its bytes while it lives, who ended it, how long it took to get a server. One per
// session. Asks the transport for bytes when the session ends and every few seconds, never per byte.

import type { CatalogueEntry } from '@sluice/errors';
import type { TcpEndLabel } from '@sluice/shared-state';
import type { TcpMetrics, TcpRouterMetrics } from '../metrics/tcp-metrics.ts';
import type { TcpServer } from './tcp-server.ts';
import type { TcpSession } from './tcp-session.ts';

export class SessionAccount {
  private readonly session: TcpSession;
  /** Undefined when its entry point is not counted. */
  private readonly all: TcpMetrics | undefined;
  private readonly metrics: TcpRouterMetrics | undefined;
  private readonly startedAtMs: number;
  private serverStartedAtMs = 0;
  /** The last one tried. */
  private server: TcpServer | undefined = undefined;
  private retries = 0;
  /** Bytes by others than the relays, and what the transport has counted before these began. */
  private receivedBytes = 0;
  private sentBytes = 0;
  private receivedBefore = 0;
  private sentBefore = 0;
  /** What has been counted already. */
  private countedReceived = 0;
  private countedSent = 0;

  constructor(session: TcpSession) {
    const { context, route, entryPoint } = session;
    this.session = session;
    this.startedAtMs = performance.now();
    this.all = entryPoint.countsStreams ? context.metrics?.tcp : undefined;
    this.metrics = this.all?.ofRouter(route.name, route.serviceName);
    this.metrics?.opened();
  }

  attempt(server: TcpServer, retries: number): void {
    this.server = server;
    this.retries = retries;
    this.serverStartedAtMs = performance.now();
  }

  failed(server: TcpServer, entry: CatalogueEntry): void {
    this.all?.connectFailed(server.service.name, entry);
  }

  /** Both connections are joined now. @param heldBytes of the client came before. */
  joined(server: TcpServer, upstream: number, connectMs: number, heldBytes: number): void {
    const { context, id } = this.session;
    this.all?.connected(server.service.name, connectMs);
    this.receivedBytes = heldBytes;
    this.receivedBefore = context.transport.receivedBytes(id);
    this.sentBefore = context.transport.receivedBytes(upstream);
  }

  /** Bytes that were not relayed. */
  passed(received: number, sent: number): void {
    this.receivedBytes += received;
    this.sentBytes += sent;
  }

  /** A relay is over: what it moved is known for good. */
  relayedFromClient(bytes: number): void {
    this.receivedBytes += bytes;
    this.receivedBefore = -1;
  }

  relayedToClient(bytes: number): void {
    this.sentBytes += bytes;
    this.sentBefore = -1;
  }

  /** Brings the metrics up to date. @param upstream its id; 0: there is none. */
  count(upstream: number): void {
    const received = this.received();
    const sent = this.sent(upstream);
    const [more, moreSent] = [received - this.countedReceived, sent - this.countedSent];
    this.countedReceived = received;
    this.countedSent = sent;
    this.metrics?.counts.move(more, moreSent);
    this.session.entryPoint.metrics?.tcp?.move(more, moreSent);
  }

  /** The last act; the connections may still be there. @param entry what failed, if anything did. */
  ended(label: TcpEndLabel, entry: CatalogueEntry | undefined, upstream: number): void {
    this.count(upstream);
    this.metrics?.counts.end(label);
    this.metrics?.closed();
    this.session.entryPoint.metrics?.tcp?.end(label);
    const { context, entryPoint } = this.session;
    if (entryPoint.logsStreams && context.accessLog?.withTcp === true) this.log(entry?.code ?? label);
  }

  private received(): number {
    const { context, id } = this.session;
    return this.receivedBytes + this.sinceJoined(context.transport.receivedBytes(id), this.receivedBefore);
  }

  private sent(upstream: number): number {
    const { transport } = this.session.context;
    return this.sentBytes + this.sinceJoined(transport.receivedBytes(upstream), this.sentBefore);
  }

  /** @param before -1: the relay is over, and has said what it moved */
  private sinceJoined(total: number, before: number): number {
    return before === -1 ? 0 : Math.max(0, total - before);
  }

  private log(end: string): void {
    const { entryPoint, route, peer, context, serverName, tls } = this.session;
    const log = context.accessLog!;
    const { record } = log;
    record.startedAtMs = this.startedAtMs;
    record.endedAtMs = performance.now();
    record.originStartedAtMs = this.serverStartedAtMs;
    record.entryPoint = entryPoint.accessText;
    record.router = route.accessText;
    record.server = this.server?.accessText;
    record.client = peer.accessText;
    record.forwardedFor = '';
    record.user = '';
    record.host = serverName;
    record.method = 'TCP';
    record.path = '';
    record.query = undefined;
    record.protocol = 'TCP';
    record.secure = route.tls !== 'none';
    record.tls = tls;
    record.requestBytes = this.countedReceived;
    record.bytes = this.countedSent;
    record.originBytes = this.countedSent;
    record.originStatus = 0;
    record.status = 0;
    record.retries = this.retries;
    record.requestFields = undefined;
    record.originFields = undefined;
    record.downstreamFields = undefined;
    record.connectionEnd = end;
    log.write();
    record.connectionEnd = '';
  }
}
