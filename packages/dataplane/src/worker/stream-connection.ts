// One connection of the stream transport as the data path sees it: an id, the transport's events, and a lazy deadline.
// Subclasses hold the protocol; nothing here knows what the bytes mean. Allocates nothing per event.

import { INDEX_MASK } from '@sluice/native';
import { sendBytes } from '../http/send-bytes.ts';
import type { WorkerContext } from './worker-context.ts';

/** Why a connection is not being read. */
export const Pause = {
  /** Its bytes go to a connection that cannot take more for now. */
  BACK_PRESSURE: 1,
  /** We hold bytes of it which we cannot use yet. */
  HELD_INPUT: 2,
} as const;

export abstract class StreamConnection {
  readonly context: WorkerContext;
  /** The transport's id; 0 once the connection is gone, after which no event arrives. */
  id = 0;
  /** Monotonic milliseconds at which `onExpired` is due; 0: never. */
  private expiresAtMs = 0;
  /** When the transport will wake us; 0: not armed. May be earlier than `expiresAtMs`, never later. */
  private armedForMs = 0;
  /** `Pause` reasons in force; the transport reads from the connection while there is none. */
  private pauseReasons = 0;

  constructor(context: WorkerContext) {
    this.context = context;
  }

  abstract onData(offset: number, length: number): void;
  /** The peer finished sending. */
  abstract onEnd(): void;
  /** The connection is gone; `id` is 0 already. `failure`: a `TlsFailure`. `event`: its number in the batch, see `tlsReason`. */
  abstract onClosed(errno: number, failure: number, event: number): void;
  /** Everything queued has been taken by the socket. */
  abstract onDrained(): void;
  abstract onRelayed(bytes: number, end: number): void;
  abstract onExpired(): void;
  /** Ends the connection and everything that hangs on it at once, without an answer. */
  abstract giveUp(): void;
  onConnected(): void {}
  /** The connection never came to be; `id` is 0 already. The rest as for `onClosed`. */
  onConnectFailed(_errno: number, _failure: number, _event: number): void {}
  /** The handshake is done. `facts`, `suite`, `protocol`: words a to c of the event TLS_READY. */
  onTlsReady(_facts: number, _suite: number, _protocol: number): void {}

  /**
   * Sets the one deadline. Moving it later costs no command: the transport's earlier alarm is let through and set again
   * then, so a busy connection arms it once per timeout and not once per request.
   */
  expireAt(atMs: number): void {
    this.expiresAtMs = atMs;
    if (this.id !== 0 && atMs !== 0 && (this.armedForMs === 0 || atMs < this.armedForMs)) this.arm(atMs);
  }

  onDeadline(): void {
    this.armedForMs = 0;
    const due = this.expiresAtMs;
    if (due === 0) return;
    if (this.context.transport.now < due) {
      this.arm(due);
      return;
    }
    this.expiresAtMs = 0;
    this.onExpired();
  }

  /** Stops reading for that reason. */
  pauseFor(reason: number): void {
    if (this.pauseReasons === 0 && this.id !== 0) this.context.transport.pause(this.id);
    this.pauseReasons |= reason;
  }

  /** Takes back that reason; reading goes on when it was the last one. */
  resumeFor(reason: number): void {
    if ((this.pauseReasons & reason) === 0) return;
    this.pauseReasons &= ~reason;
    if (this.pauseReasons === 0 && this.id !== 0) this.context.transport.resume(this.id);
  }

  /** The transport moves bodies from and to the connection by itself. */
  get relays(): boolean {
    return true;
  }

  write(bytes: Uint8Array, start: number, end: number): void {
    sendBytes(this.context.transport, this.id, bytes, start, end);
  }

  /** More is queued for it than a source should add to; `onDrained` follows. */
  get isFull(): boolean {
    const { transport, buffered } = this.context;
    return transport.queuedBytes[this.id & INDEX_MASK] > buffered.queueHighBytes;
  }

  /** Ends of bodies are told by HTTP/1's own framing. */
  endBody(): void {}

  hasBacklog(): boolean {
    const { transport } = this.context;
    transport.flush();
    return transport.queuedBytes[this.id & INDEX_MASK] > 0;
  }

  /** Sends queued bytes, then FIN; input is discarded for a while so that the peer can read our last bytes. */
  closeGracefully(): void {
    if (this.id === 0) return;
    this.context.transport.close(this.id, LINGER_MS);
    this.forget();
  }

  /** Drops everything and sends RST: the peer must not mistake what it has got for a complete message. */
  abort(): void {
    if (this.id === 0) return;
    this.context.transport.reset(this.id);
    this.forget();
  }

  /** Leaves the table: used when the transport has said that the connection is gone. */
  forget(): void {
    this.context.connections.remove(this);
    this.id = 0;
    this.expiresAtMs = 0;
  }

  /** Another object takes this one's place: the connection itself, its deadline and its pauses are that one's from now on. */
  replaceWith(next: StreamConnection): void {
    if (this.id === 0) return;
    next.expiresAtMs = this.expiresAtMs;
    next.armedForMs = this.armedForMs;
    next.pauseReasons = this.pauseReasons;
    this.context.connections.replace(this, next);
    this.id = 0;
    this.expiresAtMs = 0;
  }

  private arm(atMs: number): void {
    const { transport } = this.context;
    this.armedForMs = atMs;
    transport.deadline(this.id, Math.max(1, atMs - transport.now));
  }
}

/** How long the transport goes on discarding input after we have closed our side. */
const LINGER_MS = 2_000;
