// A connection to an entry point with `proxyProtocol`, until its PROXY header is in or it is known that there is none (tcp-udp.md
// section 11). The header is taken off whoever sends it; only trusted peers are believed. Bounded in bytes and in time.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { ProxyError, type ProxyHeader, parseProxyHeader, proxyErrorMessage } from '@sluice/protocols';
import type { EntryPoint } from '../http/entry-point.ts';
import { HeldInput } from '../http/held-input.ts';
import { PeerAddress } from '../listen/peer-address.ts';
import { type BeginsWithBytes, DownstreamConnection } from '../worker/downstream-connection.ts';
import type { WorkerContext } from '../worker/worker-context.ts';

/** Where the entry point's readTimeout sets no bound. */
const WAIT_MAX_MS = 60_000;

/** What a connection is once it is known who the client is. */
export type AfterHeader = (
  context: WorkerContext,
  entryPoint: EntryPoint,
  peer: PeerAddress,
) => BeginsWithBytes | undefined;

export class ProxyIntake extends DownstreamConnection {
  private readonly isTrusted: boolean;
  private readonly next: AfterHeader;
  private held: HeldInput | undefined = undefined;

  constructor(context: WorkerContext, entryPoint: EntryPoint, peer: PeerAddress, next: AfterHeader) {
    super(context, entryPoint, peer);
    this.isTrusted = entryPoint.proxyPeers!.trusts(peer.bytes);
    this.next = next;
  }

  override get countedAs(): Uint8Array {
    return this.entryPoint.countsAs(this.peer);
  }

  override opened(): void {
    const { readTimeoutMs } = this.entryPoint;
    this.expireAt(this.acceptedAtMs + (readTimeoutMs > 0 ? readTimeoutMs : WAIT_MAX_MS));
  }

  override idleForMs(now: number): number {
    return now - this.acceptedAtMs;
  }

  override onData(offset: number, length: number): void {
    const { transport, buffered } = this.context;
    const { held } = this;
    if (held !== undefined) {
      held.append(transport.memory, offset, offset + length);
      this.look(held.bytes, held.start, held.end);
    } else if (!this.look(transport.memory, offset, offset + length)) {
      this.held = new HeldInput(buffered, transport.memory, offset, offset + length);
    }
  }

  override onEnd(): void {
    this.closeGracefully();
  }

  override onClosed(): void {}

  override onDrained(): void {}

  override onRelayed(): void {}

  /** Nothing came: there is no header, and only a server that speaks first can help. */
  override onExpired(): void {
    const { context, entryPoint } = this;
    if (this.held === undefined && entryPoint.tcpIn(context.revision)?.matchesAtOnce === true) {
      this.goOn(this.peer, EMPTY, 0, 0);
    } else this.closeGracefully();
  }

  override giveUp(): void {
    this.abort();
  }

  override forget(): void {
    this.releaseHeld();
    super.forget();
  }

  /** @returns false when more bytes are needed */
  private look(bytes: Buffer, start: number, end: number): boolean {
    const { proxyHeader } = this.context.tcp;
    const taken = parseProxyHeader(proxyHeader, bytes, start, end);
    if (taken === 0) return false;
    if (taken === ProxyError.NO_HEADER) this.goOn(this.peer, bytes, start, end);
    else if (taken < 0) {
      this.tell(Errors.DOWNSTREAM_PROXY_HEADER, proxyErrorMessage(taken));
      this.closeGracefully();
    } else this.goOn(this.peerOf(proxyHeader, bytes), bytes, start + taken, end);
    return true;
  }

  private peerOf(header: ProxyHeader, bytes: Buffer): PeerAddress {
    if (!this.isTrusted || !header.hasAddresses) return this.peer;
    const tlvs = Buffer.from(bytes.subarray(header.tlvOffset, header.tlvOffset + header.tlvBytes));
    return PeerAddress.proxied(header.source, header.sourcePort, {
      destination: Uint8Array.from(header.destination),
      destinationPort: header.destinationPort,
      tlvs,
    });
  }

  private goOn(peer: PeerAddress, bytes: Buffer, start: number, end: number): void {
    const { context, entryPoint } = this;
    const refusal = this.isTrusted ? entryPoint.admission?.identify(peer.bytes) : undefined;
    if (refusal !== undefined) {
      this.tell(refusal, undefined);
      entryPoint.metrics?.limits.reached(refusal);
      this.abort();
      return;
    }
    const connection = this.next(context, entryPoint, peer);
    if (connection === undefined) {
      if (this.isTrusted) entryPoint.admission?.unidentify(peer.bytes);
      this.abort();
      return;
    }
    this.replaceWith(connection);
    if (start < end) connection.beginWith(bytes, start, end);
    else connection.opened();
    this.releaseHeld();
  }

  private tell({ code, meaning }: CatalogueEntry, reason: string | undefined): void {
    const { log } = this.context;
    if (!log.isLevelEnabled('debug')) return;
    log.debug({ code, entryPoint: this.entryPoint.name, client: this.peer.text, reason }, meaning);
  }

  private releaseHeld(): void {
    this.held?.release();
    this.held = undefined;
  }
}

const EMPTY = Buffer.alloc(0);
