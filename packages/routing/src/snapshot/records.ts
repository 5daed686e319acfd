// What can be read back from a snapshot: plain records decoded once per object and revision, never per request.
// Types only; where the bytes lie is the business of layout.ts and the reader.

import type { EntryPointTls } from '../tls/entry-point-tls.ts';
import type { StreamTables } from './stream-records.ts';

export interface EntryPointRecord {
  readonly index: number;
  readonly name: string;
  /** The whole validated static entry point, as canonical JSON. */
  readonly configurationJson: string;
}

export interface RouterRecord {
  readonly index: number;
  /** Qualified; with the entry point's name in front where an entry-point model split it. */
  readonly name: string;
  readonly rule: string;
  readonly priority: bigint;
  /** Indices of middlewares in order, chains already expanded, entry-point middlewares first. */
  readonly middlewares: readonly number[];
  readonly service: number;
  /** Bit set of denied encoded characters (see `protocols` http-path), 0: nothing is checked. */
  readonly deniedEncodedCharacters: number;
  /** Bit set of `ObservedSignal`: what router and entry point want observed. */
  readonly observedSignals: number;
  /** Name of the TLS options it is served under; empty: it takes plain requests, others take none but TLS. */
  readonly tlsOptions: string;
}

export interface MiddlewareRecord {
  readonly index: number;
  readonly name: string;
  readonly type: string;
  /** Canonical JSON of the validated options. */
  readonly optionsJson: string;
}

export interface ServiceRecord {
  readonly index: number;
  readonly name: string;
  readonly strategy: 'wrr' | 'p2c' | 'leastconn';
  readonly passHostHeader: boolean;
  readonly serversTransport: number;
  readonly servers: readonly ServerRecord[];
  /** Equal hashes in two revisions mean an unchanged service: a worker carries its picker over. */
  readonly hash: string;
}

export interface ServerRecord {
  readonly url: string;
  readonly scheme: string;
  /** IP literal without brackets, or a name to resolve. */
  readonly hostname: string;
  readonly port: number;
  /** What goes into `Host` when passHostHeader is off: `hostname[:port]` as written in the URL. */
  readonly authority: string;
  /** Escaped path of the URL; only used with preservePath. */
  readonly path: string;
  readonly weight: number;
  readonly preservePath: boolean;
  readonly statusRow: number;
}

export interface ServersTransportRecord {
  readonly index: number;
  readonly name: string;
  /** Negative: no reuse. */
  readonly maxIdleConnsPerHost: number;
  /** 0: no limit. */
  readonly maxConnsPerServer: number;
  readonly maxQueuedPerServer: number;
  /** Milliseconds; 0: none. */
  readonly dialTimeoutMs: number;
  readonly responseHeaderTimeoutMs: number;
  readonly idleConnTimeoutMs: number;
  readonly queueTimeoutMs: number;
  /** HTTP/2: silence after which a sign of life is asked for. */
  readonly readIdleTimeoutMs: number;
  readonly pingTimeoutMs: number;
  /** Servers with `https` are spoken to in HTTP/1 only. */
  readonly disableHttp2: boolean;
  readonly hash: string;
}

/** Reads one snapshot in place. Implemented by SnapshotReader; `explain` and tests use the same interface. */
export interface SnapshotTables extends StreamTables {
  readonly revision: number;
  /** Of HTTP. */
  readonly routerCount: number;
  /** Index of an entry point, or -1. */
  entryPointIndex(name: string): number;
  entryPoint(index: number): EntryPointRecord;
  /** What requests over TLS are matched on in place of this entry point; -1: none of its routers takes TLS. */
  securedIndex(entryPoint: number): number;
  /** TLS options of connections to an entry point. */
  entryPointTls(entryPoint: number): EntryPointTls;
  router(index: number): RouterRecord;
  middleware(index: number): MiddlewareRecord;
  service(index: number): ServiceRecord;
  serversTransport(index: number): ServersTransportRecord;
}
