// One entry point as a worker runs it: its static configuration in the form the hot path needs. Made once per listening socket;
// counts and closes nothing itself.

import type { EntryPointConfiguration, EntryPointLimits } from '@sluice/config';
import { RELAY_COPY, RELAY_SPLICE } from '@sluice/native';
import { ConstantText } from '@sluice/observability/access-log';
import type { HeadLimits } from '@sluice/protocols';
import type { TcpTables } from '@sluice/routing/snapshot';
import { EntryPointHosts, type EntryPointTls } from '@sluice/routing/tls';
import { type ClientSessionOptions, clientSessionOptions } from '../http2/session-options.ts';
import type { ClientAdmission } from '../listen/client-admission.ts';
import type { PeerAddress } from '../listen/peer-address.ts';
import { PeerTrust } from '../listen/peer-trust.ts';
import type { RefusalLog } from '../listen/refusal-log.ts';
import type { EntryPointMetrics } from '../metrics/entry-point-metrics.ts';
import type { Revision } from '../worker/revision.ts';
import type { PaceLimits } from './client-pace.ts';

export class EntryPoint {
  readonly name: string;
  /** As the access log names it. */
  readonly accessText: ConstantText;
  readonly configuration: EntryPointConfiguration;
  readonly limits: HeadLimits;
  readonly http2: ClientSessionOptions;
  /** Undefined when nothing is counted. */
  readonly metrics: EntryPointMetrics | undefined;
  /** Undefined when clients are not limited. */
  readonly admission: ClientAdmission | undefined;
  /** Who is told that clients are turned away. */
  readonly refusals: RefusalLog;
  /** Undefined when clients may be as slow as they like. */
  readonly pace: PaceLimits | undefined;
  /** Milliseconds; 0: none. */
  readonly readTimeoutMs: number;
  readonly headTimeoutMs: number;
  readonly writeTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** Of relays of TCP routers: how bytes are passed on. */
  readonly relayFlags: number;
  /** Are connections of TCP routers counted, and do they get lines in the access log, where there is one for them? */
  readonly countsStreams: boolean;
  readonly logsStreams: boolean;
  /** When draining: what requests have, and what tunnels have. */
  readonly graceMs: number;
  readonly tunnelGraceMs: number;
  /** Whose PROXY headers are believed; undefined: a PROXY header is no header here. */
  readonly proxyPeers: PeerTrust | undefined;
  private readonly forwardingPeers: PeerTrust;
  private indexRevision: Revision | undefined;
  private index = -1;
  private securedIndex = -1;
  private hosts: EntryPointHosts | undefined = undefined;
  private tcp: TcpTables | undefined = undefined;

  constructor(
    name: string,
    configuration: EntryPointConfiguration,
    metrics: EntryPointMetrics | undefined,
    admission: ClientAdmission | undefined,
    refusals: RefusalLog,
  ) {
    this.name = name;
    this.refusals = refusals;
    this.accessText = new ConstantText(name);
    this.metrics = metrics;
    this.admission = admission;
    this.pace = paceOf(configuration.transport.limits);
    this.configuration = configuration;
    const { http, transport, observability } = configuration;
    this.countsStreams = observability.metrics;
    this.logsStreams = observability.accessLogs;
    const { respondingTimeouts } = transport;
    this.readTimeoutMs = respondingTimeouts.readTimeout;
    this.headTimeoutMs = respondingTimeouts.readHeaderTimeout || respondingTimeouts.readTimeout;
    this.writeTimeoutMs = respondingTimeouts.writeTimeout;
    this.idleTimeoutMs = respondingTimeouts.idleTimeout;
    const { graceTimeOut, tunnelGraceTimeOut = graceTimeOut } = transport.lifeCycle;
    this.graceMs = graceTimeOut;
    this.relayFlags = RELAY_FLAGS[configuration.relay];
    this.tunnelGraceMs = tunnelGraceTimeOut;
    this.limits = {
      headBytesMax: http.maxHeaderBytes,
      fieldsMax: http.maxHeaderFields,
      targetBytesMax: Math.min(http.maxTargetBytes, http.maxHeaderBytes),
    };
    this.http2 = clientSessionOptions(this.limits, configuration.http2);
    this.proxyPeers = configuration.proxyProtocol && new PeerTrust(configuration.proxyProtocol);
    this.forwardingPeers = new PeerTrust(configuration.forwardedHeaders);
  }

  /** May this peer (16 bytes) say who the client was? */
  trusts(address: Uint8Array): boolean {
    return this.forwardingPeers.trusts(address);
  }

  /** The address a new connection counts under; that of nobody where a PROXY header will tell. */
  countsAs({ bytes }: PeerAddress): Uint8Array {
    return this.proxyPeers?.trusts(bytes) === true ? NOBODY : bytes;
  }

  /** What requests of plain or of TLS connections are matched on in a snapshot; -1: nothing there takes them. */
  indexIn(revision: Revision, secure: boolean): number {
    if (this.indexRevision !== revision) this.locateIn(revision);
    return secure ? this.securedIndex : this.index;
  }

  /** Which TLS options a server name gets. Built when the first handshake of a revision asks. */
  hostsIn(revision: Revision): EntryPointHosts {
    if (this.indexRevision !== revision) this.locateIn(revision);
    this.hosts ??= new EntryPointHosts(this.index === -1 ? CLOSED : revision.reader.entryPointTls(this.index));
    return this.hosts;
  }

  /** What its TCP routers are matched on; undefined: there are none. */
  tcpIn(revision: Revision): TcpTables | undefined {
    if (this.indexRevision !== revision) this.locateIn(revision);
    return this.tcp;
  }

  private locateIn(revision: Revision): void {
    const { reader } = revision;
    this.indexRevision = revision;
    this.index = reader.entryPointIndex(this.name);
    this.securedIndex = this.index === -1 ? -1 : reader.securedIndex(this.index);
    this.hosts = undefined;
    const tcp = this.index === -1 ? undefined : reader.tcpTables(this.index);
    this.tcp = tcp === undefined || (tcp.plainIndex === -1 && tcp.tlsIndex === -1) ? undefined : tcp;
  }
}

const NOBODY = new Uint8Array(16);
const RELAY_FLAGS = { auto: 0, copy: RELAY_COPY, splice: RELAY_SPLICE } as const;

/** A snapshot without the entry point has no options for its connections. */
const CLOSED: EntryPointTls = { hosts: {}, fallback: null };

function paceOf({ minReceiveBytesPerSecond, minSendBytesPerSecond, slowClientGrace }: EntryPointLimits) {
  if (minReceiveBytesPerSecond === 0 && minSendBytesPerSecond === 0) return undefined;
  return {
    receiveBytesPerSecond: minReceiveBytesPerSecond,
    sendBytesPerSecond: minSendBytesPerSecond,
    graceMs: slowClientGrace,
  };
}
