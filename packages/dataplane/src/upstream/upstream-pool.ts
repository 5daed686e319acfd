// Idle connections to one server, last used first, shared by all clients of a worker; where HTTP/2 is spoken, also those whose
// streams are used. Bounded in number and idle time. Opens nothing itself and knows no exchange.

import type { ServerRecord, ServersTransportRecord } from '@sluice/routing/snapshot';
import { SharedConnections } from './http2/shared-connections.ts';
import type { UpstreamHttp2 } from './http2/upstream-http2.ts';
import type { ServerPlaces } from './places/server-places.ts';
import type { UpstreamChannel } from './upstream-channel.ts';
import type { UpstreamHttp1 } from './upstream-http1.ts';

/** What `maxIdleConnsPerHost: 0` means (reference/http-services §8). */
const IDLE_MAX_WHEN_UNSET = 2;

export class UpstreamPool {
  readonly key: string;
  readonly hostname: string;
  readonly port: number;
  /** Of a Unix socket, in place of host name and port; empty: there is none. */
  readonly socketPath: string;
  /** Spoken to over TLS only. */
  readonly secure: boolean;
  /** Of the servers transport. */
  readonly transportName: string;
  /** Milliseconds; 0: none. */
  readonly dialTimeoutMs: number;
  readonly responseHeaderTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly readIdleTimeoutMs: number;
  readonly pingTimeoutMs: number;
  /** Undefined when connections to the server are not limited. */
  readonly places: ServerPlaces | undefined;
  /** Undefined: only HTTP/1 is spoken. */
  readonly shared: SharedConnections | undefined;
  private readonly idleMax: number;
  private readonly idle: UpstreamHttp1[] = [];
  private retired = false;
  /** Counts changes of settings that are not part of the pool's key. */
  generation = 0;

  constructor(
    key: string,
    server: Pick<ServerRecord, 'hostname' | 'port' | 'scheme'>,
    transport: ServersTransportRecord,
    socketPath: string,
    places: ServerPlaces | undefined,
    flush: () => void,
  ) {
    this.key = key;
    this.hostname = server.hostname;
    this.port = server.port;
    this.socketPath = socketPath;
    this.secure = server.scheme === 'https';
    this.transportName = transport.name;
    this.places = places;
    const mayShare = server.scheme === 'h2c' || (server.scheme === 'https' && !transport.disableHttp2);
    this.shared = mayShare ? new SharedConnections(this, flush) : undefined;
    this.dialTimeoutMs = transport.dialTimeoutMs;
    this.responseHeaderTimeoutMs = transport.responseHeaderTimeoutMs;
    this.idleTimeoutMs = transport.idleConnTimeoutMs;
    this.readIdleTimeoutMs = transport.readIdleTimeoutMs;
    this.pingTimeoutMs = transport.pingTimeoutMs;
    const max = transport.maxIdleConnsPerHost;
    this.idleMax = max === 0 ? IDLE_MAX_WHEN_UNSET : Math.max(0, max);
  }

  get idleCount(): number {
    return this.idle.length + (this.shared?.idleCount ?? 0);
  }

  /** An idle connection, or a stream of one. @param http1 the request needs HTTP/1. */
  take(http1: boolean, nowMs: number): UpstreamChannel | undefined {
    const shared = this.sharedFor(http1, nowMs);
    // A server that has chosen HTTP/1 is asked again when a new connection is made anyway.
    if (shared === undefined || (shared.isEmpty && this.idle.length > 0)) return this.idle.pop();
    return shared.take();
  }

  /** Undefined: the request goes on a connection of its own. */
  sharedFor(http1: boolean, nowMs: number): SharedConnections | undefined {
    return http1 || this.shared?.prefersHttp1(nowMs) === true ? undefined : this.shared;
  }

  /** A connection is being made that the request may wait for. */
  mayJoin(http1: boolean, nowMs: number): boolean {
    return this.sharedFor(http1, nowMs)?.mayJoin === true;
  }

  /** A request may get a connection at once. */
  get hasRoom(): boolean {
    return this.idle.length > 0 || this.shared?.hasRoom === true;
  }

  /** May a connection of HTTP/2 that has no stream be kept? */
  mayKeep({ generation }: UpstreamHttp2): boolean {
    return !this.retired && generation === this.generation && this.idleCount <= this.idleMax && this.idleMax > 0;
  }

  /**
   * False when the pool is full or gone, or has other settings by now: the caller closes the connection. As many again as are to be
   * kept are kept for a moment: answers that come together would cost connections that the next requests need.
   */
  put(connection: UpstreamHttp1): boolean {
    if (this.retired || connection.generation !== this.generation || this.idleCount >= this.idleMax * 2) return false;
    this.idle.push(connection);
    return true;
  }

  /** The one put last is beyond what is to be kept, and may stay for a moment only. */
  get hasSurplus(): boolean {
    return this.idleCount > this.idleMax;
  }

  /** The connection broke or timed out while idle. */
  remove(connection: UpstreamHttp1): void {
    const index = this.idle.lastIndexOf(connection);
    if (index !== -1) this.idle.splice(index, 1);
  }

  /** Since when the connection has been idle that has been so for longest; Infinity when there is none. */
  get oldestIdleSinceMs(): number {
    const sinceMs = this.shared?.oldestIdle?.idleSinceMs ?? Number.POSITIVE_INFINITY;
    return Math.min(sinceMs, this.idle[0]?.idleSinceMs ?? Number.POSITIVE_INFINITY);
  }

  closeOldest(): void {
    const oldest = this.oldestShared;
    if (oldest !== undefined) oldest.leave();
    else this.idle.shift()?.closeGracefully();
  }

  /** Without the patience that a graceful end has: its descriptor is needed now. */
  dropOldest(): void {
    (this.oldestShared ?? this.idle.shift())?.abort();
  }

  /** Undefined when another kind of connection has been idle for longer. */
  private get oldestShared(): UpstreamHttp2 | undefined {
    const oldest = this.shared?.oldestIdle;
    const first = this.idle[0];
    return first !== undefined && oldest !== undefined && first.idleSinceMs < oldest.idleSinceMs ? undefined : oldest;
  }

  closeIdle(): void {
    this.shared?.closeIdle();
    for (let connection = this.idle.pop(); connection !== undefined; connection = this.idle.pop()) {
      connection.closeGracefully();
    }
  }

  /** What was made so far serves nothing new: settings have changed. */
  renew(): void {
    this.generation++;
    this.shared?.retire();
    this.closeIdle();
  }

  retire(): void {
    this.retired = true;
    this.shared?.retire();
    this.closeIdle();
  }
}
