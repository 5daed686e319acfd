// A connection to an entry point with TCP routers, until its first bytes tell whose it is (tcp-udp.md sections 1 and 4): PostgreSQL that
// asks for TLS, TLS, a plain TCP router's, or HTTP. Looks at no more bytes than it must, for no longer than the entry point's
// readTimeout. Entry points without TCP routers never come here.

import {
  POSTGRES_TLS_REQUEST,
  POSTGRES_UNWILLING,
  POSTGRES_WILLING,
  PostgresOpening,
  postgresOpening,
} from '@sluice/protocols';
import { DownstreamHttp1 } from '../http/downstream-http1.ts';
import { HeldInput } from '../http/held-input.ts';
import { admitToRoute } from '../tcp/admit-to-route.ts';
import { TcpSession } from '../tcp/tcp-session.ts';
import { TlsAccept } from '../tls/tls-accept.ts';
import { type BeginsWithBytes, DownstreamConnection } from '../worker/downstream-connection.ts';

/** Content type "handshake" (RFC 8446 §5.1). */
const HANDSHAKE_RECORD = 0x16;
const WILLING = Uint8Array.of(POSTGRES_WILLING);
const UNWILLING = Uint8Array.of(POSTGRES_UNWILLING);

export class FirstBytes extends DownstreamConnection implements BeginsWithBytes {
  /** Part of an SSLRequest: 7 bytes at most. */
  private held: HeldInput | undefined = undefined;
  private hasDeclinedGss = false;

  override opened(): void {
    const { readTimeoutMs } = this.entryPoint;
    this.expireAt(readTimeoutMs > 0 ? this.acceptedAtMs + readTimeoutMs : 0);
  }

  beginWith(bytes: Buffer, start: number, end: number): void {
    this.opened();
    this.onBytes(bytes, start, end);
  }

  /** Until then nobody knows that a client is idle: a server may have to speak first. */
  override idleForMs(now: number): number {
    return now - this.acceptedAtMs;
  }

  override onData(offset: number, length: number): void {
    this.onBytes(this.context.transport.memory, offset, offset + length);
  }

  /** Bytes of the transport's memory, or any others. Valid during the call only. */
  onBytes(bytes: Buffer, start: number, end: number): void {
    const { held } = this;
    if (held === undefined) this.decide(bytes, start, end);
    else {
      held.append(bytes, start, end);
      this.decide(held.bytes, held.start, held.end);
    }
  }

  override onEnd(): void {
    this.closeGracefully();
  }

  override onClosed(): void {}

  override onDrained(): void {}

  override onRelayed(): void {}

  override onExpired(): void {
    this.closeGracefully();
  }

  override giveUp(): void {
    this.abort();
  }

  override forget(): void {
    this.releaseHeld();
    super.forget();
  }

  private decide(bytes: Buffer, start: number, end: number): void {
    const { context, entryPoint } = this;
    const tables = entryPoint.tcpIn(context.revision);
    const hasTlsRoutes = tables !== undefined && tables.tlsIndex !== -1;
    if (hasTlsRoutes) {
      const opening = postgresOpening(bytes, start, end);
      if (opening === PostgresOpening.NEED_MORE && isTlsRequestSoFar(bytes, start, end)) {
        this.held ??= new HeldInput(context.buffered, bytes, start, end);
        return;
      }
      if (opening === PostgresOpening.TLS_REQUEST) {
        this.beginPostgres(bytes, start + POSTGRES_TLS_REQUEST.length, end);
        return;
      }
      if (opening === PostgresOpening.GSS_REQUEST && this.isOnlyTls(tables.plainIndex)) {
        this.declineGss(end - start);
        return;
      }
    }
    if (bytes[start] === HANDSHAKE_RECORD && (hasTlsRoutes || context.tls.isReady)) {
      this.giveTo(new TlsAccept(context, entryPoint, this.peer), bytes, start, end);
    } else this.beginPlain(tables?.plainIndex ?? -1, bytes, start, end);
  }

  /** No router of plain TCP takes this client: where there is one, its server may know GSSAPI. */
  private isOnlyTls(plainIndex: number): boolean {
    const { tcp, revision } = this.context;
    return plainIndex === -1 || revision.matcher.matchTcp(plainIndex, tcp.plainView.of(this.peer.bytes)) === -1;
  }

  /** Clients with a Kerberos ticket ask for encryption by GSSAPI first, and then for TLS: once each, and wait for the answer. */
  private declineGss(received: number): void {
    this.releaseHeld();
    if (this.hasDeclinedGss || received !== POSTGRES_TLS_REQUEST.length) {
      this.closeGracefully();
      return;
    }
    this.hasDeclinedGss = true;
    this.write(UNWILLING, 0, UNWILLING.length);
  }

  /** What came with the request, unasked, must not become part of what is encrypted later (CVE-2021-23214). */
  private beginPostgres(bytes: Buffer, start: number, end: number): void {
    if (start !== end) {
      this.closeGracefully();
      return;
    }
    this.write(WILLING, 0, WILLING.length);
    this.giveTo(new TlsAccept(this.context, this.entryPoint, this.peer, true), bytes, start, end);
  }

  private beginPlain(plainIndex: number, bytes: Buffer, start: number, end: number): void {
    const { context, entryPoint, peer } = this;
    const { tcp, revision } = context;
    const router = plainIndex === -1 ? -1 : revision.matcher.matchTcp(plainIndex, tcp.plainView.of(peer.bytes));
    if (router === -1) {
      this.giveTo(new DownstreamHttp1(context, entryPoint, peer), bytes, start, end);
      return;
    }
    const route = admitToRoute(context, entryPoint, peer, router);
    if (route === undefined) {
      this.abort();
      return;
    }
    const session = new TcpSession(context, entryPoint, peer, { route });
    this.giveTo(session, bytes, start, end);
  }

  private giveTo(next: BeginsWithBytes, bytes: Buffer, start: number, end: number): void {
    this.replaceWith(next);
    if (start < end) next.beginWith(bytes, start, end);
    else next.opened();
    this.releaseHeld();
  }

  private releaseHeld(): void {
    this.held?.release();
    this.held = undefined;
  }
}

function isTlsRequestSoFar(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== POSTGRES_TLS_REQUEST[at - start]) return false;
  return true;
}
