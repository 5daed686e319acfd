// What follows a 101: both connections are relayed natively, byte for byte, each direction until its own end.
// No timeout of the entry point applies any more; only the peers or the end of a drain close a tunnel.

import { Errors } from '@sluice/errors';
import { RELAY_SHUTDOWN, RELAY_UNTIL_END, RelayEnd } from '@sluice/native';
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
  private toServer: number = Direction.OPEN;
  private toClient: number = Direction.OPEN;

  constructor(exchange: HttpExchange) {
    this.exchange = exchange;
  }

  /** True when the server switched to what the client asked for (RFC 9110 §7.8), and the client has nothing else to say. */
  accepts(): boolean {
    const { request, response, requestIsComplete } = this.exchange;
    const wanted = request.upgrade ? request.get('upgrade') : undefined;
    const got = response.get('upgrade');
    if (wanted === undefined || got === undefined || !requestIsComplete) return false;
    this.protocol = got;
    return wanted.split(',').some((protocol) => protocol.trim().toLowerCase() === got.trim().toLowerCase());
  }

  sendHead(): void {
    const { downstream, upstream } = this.exchange;
    downstream.sendSwitch(this.exchange, this.protocol);
    downstream.expireAt(0);
    upstream.connection!.expireAt(0);
  }

  /** The rest of what the server sent with its head, and what the client sent ahead, go first. */
  open(bytes: Buffer, start: number, end: number): void {
    const { downstream, upstream, context } = this.exchange;
    const { transport } = context;
    const connection = upstream.connection!;
    this.toServer = Direction.OPEN;
    this.toClient = Direction.OPEN;
    sendBytes(transport, downstream.id, bytes, start, end);
    const ahead = downstream.takeHeldInput();
    if (ahead !== undefined) sendBytes(transport, connection.id, ahead.bytes, ahead.start, ahead.end);
    ahead?.release();
    transport.relay(downstream.id, connection.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
    transport.relay(connection.id, downstream.id, RELAY_UNTIL_END, RELAY_SHUTDOWN);
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

function directionAfter(end: number): number {
  if (end === RelayEnd.SOURCE_END) return Direction.ENDED;
  return end === RelayEnd.DESTINATION_BROKEN ? Direction.REFUSED : Direction.OPEN;
}
