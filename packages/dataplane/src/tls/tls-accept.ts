// A client's connection from the first byte of its ClientHello to the end of its handshake: collects the hello, has options and
// certificate chosen by it, starts TLS, and gives way to what the client speaks inside. Bounded in bytes and in time.
// Allocates per connection; no byte of HTTP is seen here.

import { type CatalogueEntry, Errors } from '@sluice/errors';
import { tlsReason } from '@sluice/native';
import { helloErrorMessage, parseClientHello } from '@sluice/protocols';
import { DownstreamHttp1 } from '../http/downstream-http1.ts';
import { HeldInput } from '../http/held-input.ts';
import { DownstreamConnection } from '../worker/downstream-connection.ts';
import { DownstreamTls, type HandshakeChoice } from './downstream-tls.ts';
import type { ServerContext } from './tls-context-cache.ts';
import { isSelected } from './tls-termination.ts';

/** From the first byte of the hello; less where the entry point waits less long for the head of a request. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Part of a hello up to this long may be kept even when the worker keeps too much already. */
const SMALL_HELLO_BYTES = 8 * 1024;
/** Fatal, unrecognized_name (RFC 6066 §3), in a record of its own. */
const UNRECOGNIZED_NAME = Uint8Array.of(0x15, 0x03, 0x03, 0, 2, 2, 112);
const NO_BYTES = Buffer.alloc(0);

export class TlsAccept extends DownstreamConnection {
  private held: HeldInput | undefined = undefined;
  /** Set when the handshake is under way. */
  private server: ServerContext | undefined = undefined;
  private choice: HandshakeChoice = { serverName: '', optionsName: '' };

  override opened(): void {
    const { headTimeoutMs } = this.entryPoint;
    const timeoutMs = headTimeoutMs > 0 ? Math.min(headTimeoutMs, HANDSHAKE_TIMEOUT_MS) : HANDSHAKE_TIMEOUT_MS;
    this.expireAt(this.context.transport.now + timeoutMs);
  }

  /** Its own deadline ends it: until then there is something under way. */
  override idleForMs(): number {
    return 0;
  }

  override get unfinishedHeadBytes(): number {
    const { held } = this;
    return held !== undefined && held.length > SMALL_HELLO_BYTES ? held.bytes.length : 0;
  }

  override turnAway(): void {
    this.refuse(Errors.BUFFERS_EXHAUSTED);
    this.abort();
  }

  override onData(offset: number, length: number): void {
    this.onBytes(this.context.transport.memory, offset, offset + length);
  }

  /** More of the hello: bytes of the transport's memory, or any others. Valid during the call only. */
  onBytes(bytes: Buffer, start: number, end: number): void {
    const { held, context } = this;
    if (held === undefined) {
      const taken = parseClientHello(context.tls.hello, bytes, start, end);
      if (taken === 0) this.held = new HeldInput(context.buffered, bytes, start, end);
      else this.onHello(taken, bytes, start, end);
    } else {
      held.append(bytes, start, end);
      const taken = parseClientHello(context.tls.hello, held.bytes, held.start, held.end);
      if (taken !== 0) this.onHello(taken, held.bytes, held.start, held.end);
    }
    if (context.buffered.isFull && this.unfinishedHeadBytes > 0) this.turnAway();
  }

  override onEnd(): void {
    this.closeGracefully();
  }

  override onClosed(_errno: number, failure: number, event: number): void {
    if (this.server === undefined) return;
    const { log, transport } = this.context;
    if (!log.isLevelEnabled(Errors.TLS_HANDSHAKE_FAILED.logLevel)) return;
    this.tell(Errors.TLS_HANDSHAKE_FAILED, failure === 0 ? 'the client left' : tlsReason(transport, event));
  }

  override onDrained(): void {}

  override onRelayed(): void {}

  override onExpired(): void {
    this.refuse(Errors.TLS_HANDSHAKE_TIMEOUT);
    this.abort();
  }

  override giveUp(): void {
    this.abort();
  }

  override forget(): void {
    this.releaseHeld();
    super.forget();
  }

  override onTlsReady(facts: number, suite: number, protocol: number): void {
    const { context, server, id } = this;
    const tls = new DownstreamTls(context.transport, id, this.choice, facts, suite);
    this.server = undefined;
    if (server!.protocols[protocol] === 'h2' && context.openHttp2 !== undefined) {
      context.openHttp2(this, tls, NO_BYTES, 0, 0);
      return;
    }
    const connection = new DownstreamHttp1(context, this.entryPoint, this.peer, tls);
    this.replaceWith(connection);
    connection.opened();
  }

  /** `taken`: what the parser has said of the bytes, which are all that came so far. */
  private onHello(taken: number, bytes: Buffer, start: number, end: number): void {
    if (taken < 0) {
      this.tell(Errors.TLS_HELLO_INVALID, helloErrorMessage(taken));
      this.closeGracefully();
      return;
    }
    if (this.context.tls.isFull) {
      this.refuse(Errors.TLS_HANDSHAKES_EXCEEDED);
      this.context.tls.refused(Errors.TLS_HANDSHAKES_EXCEEDED, this.entryPoint.name, this.peer.text);
      this.abort();
      return;
    }
    this.terminate(bytes, start, end);
    this.releaseHeld();
  }

  private terminate(bytes: Buffer, start: number, end: number): void {
    const { tls, revision, transport } = this.context;
    const { serverName } = tls.hello;
    const hosts = this.entryPoint.hostsIn(revision);
    const selected = tls.select(hosts, serverName, () => transport.localAddress(this.id)?.address ?? '');
    if (!isSelected(selected)) {
      this.tell(selected, undefined);
      if (selected === Errors.TLS_NAME_UNKNOWN) this.sendAlert();
      this.closeGracefully();
      return;
    }
    this.choice = { serverName, optionsName: selected.options.name };
    this.server = selected.server;
    const errno = transport.startTls(this.id, selected.server.context, this.inMemory(bytes, start, end), end - start);
    // The connection is broken already, or memory is short.
    if (errno !== 0) this.abort();
  }

  /** Where the bytes lie in the transport's memory: they are there, or are put there. */
  private inMemory(bytes: Buffer, start: number, end: number): number {
    const { transport } = this.context;
    if (bytes === transport.memory) return start;
    const at = transport.reserve(end - start);
    transport.memory.set(bytes.subarray(start, end), at);
    return at;
  }

  private sendAlert(): void {
    const { transport } = this.context;
    const at = transport.reserve(UNRECOGNIZED_NAME.length);
    transport.memory.set(UNRECOGNIZED_NAME, at);
    transport.send(this.id, at, UNRECOGNIZED_NAME.length);
  }

  private refuse(entry: CatalogueEntry): void {
    this.tell(entry, undefined);
    this.entryPoint.metrics?.limits.reached(entry);
  }

  /** At level debug, whatever the entry says: one bad client must not flood the log. */
  private tell({ code, meaning }: CatalogueEntry, reason: string | undefined): void {
    const { log } = this.context;
    if (!log.isLevelEnabled('debug')) return;
    const serverName = this.choice.serverName === '' ? undefined : this.choice.serverName;
    log.debug({ code, entryPoint: this.entryPoint.name, client: this.peer.text, serverName, reason }, meaning);
  }

  private releaseHeld(): void {
    this.held?.release();
    this.held = undefined;
  }
}
