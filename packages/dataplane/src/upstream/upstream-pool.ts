// Idle connections to one server, last used first, shared by all clients of a worker. Bounded in number and idle time.
// Opens nothing itself and knows no exchange.

import type { ServerRecord, ServersTransportRecord } from '@sluice/routing/snapshot';
import type { ServerPlaces } from './places/server-places.ts';
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
  /** Undefined when connections to the server are not limited. */
  readonly places: ServerPlaces | undefined;
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
  ) {
    this.key = key;
    this.hostname = server.hostname;
    this.port = server.port;
    this.socketPath = socketPath;
    this.secure = server.scheme === 'https';
    this.transportName = transport.name;
    this.places = places;
    this.dialTimeoutMs = transport.dialTimeoutMs;
    this.responseHeaderTimeoutMs = transport.responseHeaderTimeoutMs;
    this.idleTimeoutMs = transport.idleConnTimeoutMs;
    const max = transport.maxIdleConnsPerHost;
    this.idleMax = max === 0 ? IDLE_MAX_WHEN_UNSET : Math.max(0, max);
  }

  get idleCount(): number {
    return this.idle.length;
  }

  take(): UpstreamHttp1 | undefined {
    return this.idle.pop();
  }

  /** False when the pool is full or gone, or has other settings by now: the caller closes the connection. */
  put(connection: UpstreamHttp1): boolean {
    if (this.retired || connection.generation !== this.generation || this.idle.length >= this.idleMax) return false;
    this.idle.push(connection);
    return true;
  }

  /** The connection broke or timed out while idle. */
  remove(connection: UpstreamHttp1): void {
    const index = this.idle.lastIndexOf(connection);
    if (index !== -1) this.idle.splice(index, 1);
  }

  /** Since when the connection has been idle that has been so for longest; Infinity when there is none. */
  get oldestIdleSinceMs(): number {
    return this.idle[0]?.idleSinceMs ?? Number.POSITIVE_INFINITY;
  }

  closeOldest(): void {
    this.idle.shift()?.closeGracefully();
  }

  /** Without the patience that a graceful end has: its descriptor is needed now. */
  dropOldest(): void {
    this.idle.shift()?.abort();
  }

  closeIdle(): void {
    for (let connection = this.idle.pop(); connection !== undefined; connection = this.idle.pop()) {
      connection.closeGracefully();
    }
  }

  /** What was made so far serves nothing new: settings have changed. */
  renew(): void {
    this.generation++;
    this.closeIdle();
  }

  retire(): void {
    this.retired = true;
    this.closeIdle();
  }
}
