// What follows a 101: bytes go both ways as they are, each direction until its own end; between two connections by the transport
// alone, from and to a stream of HTTP/2 through the exchange's pipes.
// No timeout of the entry point applies any more; only the peers or the end of a drain close a tunnel.

import { Errors } from '@sluice/errors';
import { RELAY_SHUTDOWN, RELAY_UNTIL_END, RelayEnd } from '@sluice/native';
import { BodyKind } from '@sluice/protocols';
import { PipeState } from './body-pipe.ts';
import type { HttpExchange } from './http-exchange.ts';
import { sendBytes } from './send-bytes.ts';

const Direction = {
  OPEN: 0,
  /** The source finished in order and the destination has been told. */
  ENDED: 1,
  /** The destination takes nothing more; why, its own end will tell. */
  REFUSED: 2,
} as const;

export class Tunnel {
  private readonly exchange: HttpExchange;
  private protocol = '';
  private isOpen = false;
  private toServer: number = Direction.OPEN;
  private toClient: number = Direction.OPEN;

  constructor(exchange: HttpExchange) {
    this.exchange = exchange;
  }

  /** True when the server switched to what the client asked for (RFC 9110 §7.8), and the client has nothing else to say. */
  accepts(): boolean {
    const { request, response, requestIsComplete, downstream } = this.exchange;
    const wanted = request.upgrade ? request.get('upgrade') : undefined;
    const got = response.get('upgrade');
    if (wanted === undefined || got === undefined || !requestIsComplete) return false;
    if (!downstream.acceptsSwitch(this.exchange)) return false;
    this.protocol = got;
    return wanted.split(',').some((protocol) => protocol.trim().toLowerCase() === got.trim().toLowerCase());
  }

  sendHead(): void {
    const { downstream, upstream } = this.exchange;
    this.isOpen = false;
    downstream.sendSwitch(this.exchange, this.protocol);
    downstream.expireAt(0);
    upstream.connection!.expireAt(0);
  }

  /** Bytes of the server; with the first ones, which came with its head and may be none, the tunnel is opened. */
  onServerBytes(bytes: Buffer, start: number, end: number): void {
    if (!this.isOpen) this.open(bytes, start, end);
    else this.fromServer(bytes, start, end);
  }

  private open(bytes: Buffer, start: number, end: number): void {
    const { downstream, upstream } = this.exchange;
    this.isOpen = true;
    this.toServer = Direction.OPEN;
    this.toClient = Direction.OPEN;
    if (downstream.relays && upstream.connection!.relays) this.openRelays(bytes, start, end);
    else this.openPipes(bytes, start, end);
  }

  /** The rest of what the server sent with its head, and what the client sent ahead, go first. */
  private openRelays(bytes: Buffer, start: number, end: number): void {
    const { downstream, upstream, context } = this.exchange;
    const { transport } = context;
    const connection = upstream.connection!;
    sendBytes(transport, downstream.id, bytes, start, end);
    const ahead = downstream.takeHeldInput();
    if (ahead !== undefined) sendBytes(transport, connection.id, ahead.bytes, ahead.start, ahead.end);
    ahead?.release();
    transport.relay(downstream.id, connection.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
    transport.relay(connection.id, downstream.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
  }

  private openPipes(bytes: Buffer, start: number, end: number): void {
    const { downstream, upstream, requestPipe, responsePipe } = this.exchange;
    const connection = upstream.connection!;
    requestPipe.start({ ...AS_IT_IS, source: downstream, destination: connection });
    responsePipe.start({ ...AS_IT_IS, source: connection, destination: downstream });
    this.fromServer(bytes, start, end);
    if (this.isOpen) downstream.continueInput();
  }

  private fromServer(bytes: Buffer, start: number, end: number): void {
    if (start < end && this.exchange.responsePipe.running) this.exchange.responsePipe.feed(bytes, start, end);
  }

  /** The server has finished sending. */
  onServerEnd(): void {
    this.exchange.responsePipe.onSourceEnd(true);
    this.checkPipes();
  }

  /** One of the pipes may have come to its end. */
  checkPipes(): void {
    const { requestPipe, responsePipe, upstream, context } = this.exchange;
    if (this.toServer === Direction.OPEN && requestPipe.state === PipeState.DONE) {
      this.toServer = Direction.ENDED;
      context.transport.shutdown(upstream.connection!.id);
    }
    if (responsePipe.state === PipeState.DONE) this.toClient = Direction.ENDED;
    if (this.toServer === Direction.ENDED && this.toClient === Direction.ENDED) this.exchange.endTunnel(true, true);
  }

  /** Bytes of the client that were in the batch of the switch already; the relay has not read any yet. */
  onClientBytes(bytes: Buffer, start: number, end: number): void {
    const { upstream, context } = this.exchange;
    sendBytes(context.transport, upstream.connection!.id, bytes, start, end);
  }

  /** The relay from the client to the server ended. */
  onClientRelayed(end: number): void {
    this.toServer = directionAfter(end);
    this.onRelayed(end);
  }

  onServerRelayed(end: number): void {
    this.toClient = directionAfter(end);
    this.onRelayed(end);
  }

  /** One connection is gone. In order (`errno` 0) is only one whose relays have ended; their events may still be to come. */
  onClosed(errno: number): void {
    if (errno !== 0) this.onBroken();
  }

  private onRelayed(end: number): void {
    if (end !== RelayEnd.SOURCE_END && end !== RelayEnd.DESTINATION_BROKEN) this.onBroken();
    else if (this.toServer !== Direction.OPEN && this.toClient !== Direction.OPEN) {
      // Nothing can follow either way; what is queued for a side whose peer ended in order still reaches it.
      this.exchange.endTunnel(this.toClient === Direction.ENDED, this.toServer === Direction.ENDED);
    }
  }

  /** A side is gone without a proper end: the other must not take it for one. */
  private onBroken(): void {
    const { exchange } = this;
    exchange.context.log.debug({ code: Errors.DOWNSTREAM_CLOSED.code, client: exchange.clientIp }, 'tunnel broken');
    exchange.endTunnel(this.toClient === Direction.ENDED, false);
  }
}

/** A pipe for bytes that end when their source does. */
const AS_IT_IS = {
  kind: BodyKind.UNTIL_CLOSE,
  bytes: 0,
  chunkedOut: false,
  transform: undefined,
  forwardTrailers: false,
} as const;

function directionAfter(end: number): number {
  if (end === RelayEnd.SOURCE_END) return Direction.ENDED;
  return end === RelayEnd.DESTINATION_BROKEN ? Direction.REFUSED : Direction.OPEN;
}
