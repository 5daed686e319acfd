// A TCP connection to a server, for one session and never for another: from the dial over what has to be said before the client's bytes
// (PROXY header, SSLRequest, TLS) to the relay. Knows nothing of other servers; who tries them is told how it went.

import { Errors } from '@sluice/errors';
import { tlsReason } from '@sluice/native';
import { POSTGRES_TLS_REQUEST, PostgresAnswer, postgresAnswer } from '@sluice/protocols';
import { connectError } from '../http/upstream-errors.ts';
import { HANDSHAKE_MS } from '../upstream/connect-to-server.ts';
import { hasPeerName } from '../upstream/peer-names.ts';
import { startServerTls } from '../upstream/start-server-tls.ts';
import { handshakeError } from '../upstream/tls-errors.ts';
import type { ServerTls } from '../upstream/upstream-tls.ts';
import { StreamConnection } from '../worker/stream-connection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';
import { LastBytes } from './last-bytes.ts';
import type { TcpConnector } from './tcp-connector.ts';
import type { TcpServer } from './tcp-server.ts';
import type { TcpSession } from './tcp-session.ts';

const Step = { CONNECTING: 0, ASKING: 1, SECURING: 2, READY: 3 } as const;
/** No application protocol is offered: what is spoken inside is the client's business. */
const NO_PROTOCOLS = new Uint8Array(0);

/** In place of 0. */
const KEEP_ALIVE_MS = 15_000;
/** More than the kernel takes. */
const KEEP_ALIVE_MAX_S = 32_767;
/** Unanswered ones after which a connection is broken. */
const KEEP_ALIVE_PROBES = 9;

export interface UpstreamPlan {
  readonly server: TcpServer;
  /** Undefined: it is spoken to in plain text. */
  readonly tls: ServerTls | undefined;
  /** It is a PostgreSQL server that has to be asked for TLS, be it ours or the client's. */
  readonly asksFirst: boolean;
}

export class TcpUpstream extends StreamConnection {
  private readonly plan: UpstreamPlan;
  private readonly session: TcpSession;
  /** Undefined from when it is ready: then the session is told. */
  private connector: TcpConnector | undefined;
  private step: number = Step.CONNECTING;
  private isProbed = false;
  /** Set when the client is gone and the server is still to get what it has sent before. */
  private lastBytes: LastBytes | undefined = undefined;

  constructor(context: WorkerContext, session: TcpSession, connector: TcpConnector, plan: UpstreamPlan) {
    super(context);
    this.session = session;
    this.connector = connector;
    this.plan = plan;
  }

  /** It has something of its own to say, whatever the client does. */
  get speaksFirst(): boolean {
    const { server, tls, asksFirst } = this.plan;
    return tls !== undefined || asksFirst || server.service.proxyProtocolVersion !== 0;
  }

  /** To be called once it has an id, before it can be connected. @throws Error with a `code` when TLS cannot be begun. */
  begin(): void {
    const { plan } = this;
    const { proxyProtocolVersion } = plan.server.service;
    if (proxyProtocolVersion !== 0) this.session.sendProxyHeader(this.id, proxyProtocolVersion);
    if (plan.asksFirst) this.write(POSTGRES_TLS_REQUEST, 0, POSTGRES_TLS_REQUEST.length);
    else if (plan.tls !== undefined) this.startTls(plan.tls);
  }

  /** It is past the TCP connect: what fails now is TLS. */
  get isConnected(): boolean {
    return this.step !== Step.CONNECTING;
  }

  override onConnected(): void {
    if (this.plan.asksFirst) this.enter(Step.ASKING);
    else if (this.plan.tls !== undefined) this.enter(Step.SECURING);
    else this.ready();
  }

  /**
   * From now on the kernel probes the server: once the session has lasted for a while, as short ones do without four system calls.
   * Without probes it works as well, until its server dies without a word.
   */
  probe(): void {
    const { keepAliveMs } = this.plan.server.transport;
    if (this.isProbed || keepAliveMs < 0 || this.id === 0) return;
    this.isProbed = true;
    const seconds = Math.min(Math.ceil((keepAliveMs || KEEP_ALIVE_MS) / 1000), KEEP_ALIVE_MAX_S);
    this.context.transport.keepAlive(this.id, seconds, seconds, KEEP_ALIVE_PROBES);
  }

  override onConnectFailed(errno: number): void {
    this.connector?.onFailed(connectError(errno), errno);
  }

  override onTlsReady(): void {
    const { peerNames } = this.plan.tls!;
    if (peerNames.length === 0 || hasPeerName(this.context.transport.peerCertificates(this.id)?.[0], peerNames)) {
      this.ready();
    } else this.connector?.onFailed(Errors.UPSTREAM_CERTIFICATE_NAME, 'none of peerCertSANs');
  }

  override onData(offset: number, length: number): void {
    if (this.step === Step.ASKING) this.onAnswer(offset, length);
    else this.session.onServerBytes(offset, length);
  }

  /** A relay tells of the end by itself; before it, a server has no reason to finish. */
  override onEnd(): void {
    if (this.step !== Step.READY) this.connector?.onFailed(Errors.UPSTREAM_CLOSED_EARLY, 'it finished sending');
  }

  override onClosed(errno: number, failure: number, event: number): void {
    const { connector } = this;
    if (connector === undefined) this.session.onServerClosed(errno);
    else if (this.step === Step.SECURING) {
      const reason = tlsReason(this.context.transport, event);
      connector.onFailed(handshakeError(failure, reason), reason);
    } else connector.onFailed(Errors.UPSTREAM_CLOSED_EARLY, errno);
  }

  override onDrained(): void {}

  override onRelayed(bytes: number, end: number): void {
    this.session.onServerRelayed(bytes, end);
  }

  override onExpired(): void {
    if (this.lastBytes !== undefined) this.resetAfterLastBytes();
    else this.connector?.onTimeout();
  }

  /** The client is gone without a proper end: the server must not take it for one, but has everything before. */
  resetAfterLastBytes(): void {
    if (this.id === 0) return;
    this.lastBytes ??= new LastBytes(this);
    if (!this.lastBytes.remain()) this.abort();
  }

  override giveUp(): void {
    this.session.giveUp();
    this.abort();
  }

  private enter(step: number): void {
    this.step = step;
    const latestAtMs = this.context.transport.now + HANDSHAKE_MS;
    this.expireAt(this.connector?.handshakeEndsAtMs(latestAtMs) ?? latestAtMs);
  }

  private onAnswer(offset: number, length: number): void {
    const { memory } = this.context.transport;
    const answer = postgresAnswer(memory, offset, offset + length);
    if (answer !== PostgresAnswer.WILLING) {
      const isUnwilling = answer === PostgresAnswer.UNWILLING;
      this.connector?.onFailed(Errors.UPSTREAM_STARTTLS_REFUSED, isUnwilling ? 'N' : 'not the one byte S');
    } else if (this.plan.tls === undefined) this.ready();
    else {
      this.enter(Step.SECURING);
      this.startTls(this.plan.tls);
    }
  }

  private startTls(tls: ServerTls): void {
    startServerTls(this, this.plan.server.record, tls, NO_PROTOCOLS);
  }

  private ready(): void {
    const { connector } = this;
    this.step = Step.READY;
    this.expireAt(0);
    this.connector = undefined;
    connector!.onReady(this);
  }
}
