// What an exchange knows of its client: one connection of HTTP/1, or one stream of HTTP/2. Types only.

import type { PeerAddress } from '../listen/peer-address.ts';
import type { DownstreamTls } from '../tls/downstream-tls.ts';
import type { BodySink, BodySource } from './body-ends.ts';
import type { EntryPoint } from './entry-point.ts';
import type { HeldInput } from './held-input.ts';
import type { HttpExchange } from './http-exchange.ts';

export interface Downstream extends BodySource, BodySink {
  readonly entryPoint: EntryPoint;
  readonly peer: PeerAddress;
  readonly peerTrusted: boolean;
  /** Undefined: the client's connection is plain. */
  readonly tls: DownstreamTls | undefined;
  /** The protocol tells where a request's body ends: Content-Length is only a promise that is checked there. */
  readonly framed: boolean;

  /** May the connection serve another request after this one, and must we end this one in order for that? */
  mayKeep(): boolean;
  /** The prepared forwarding fields for the exchange's host: lines with their ends. */
  forwardedBlockFor(exchange: HttpExchange): Uint8Array;
  /** How a body travels (`Framing`) that is at hand as `bodyKind`. */
  framingFor(exchange: HttpExchange, bodyKind: number): number;
  /** The head in `exchange.response`. @throws RangeError, with nothing sent yet, for a field that could split it. */
  sendHead(exchange: HttpExchange, framing: number, bodyBytes: number): void;
  /** The received 1xx head in `exchange.response`, other than 100 and 101. */
  sendInterim(exchange: HttpExchange): void;
  sendContinue(exchange: HttpExchange): void;
  /** What the server has said to its switch of protocols is right, as far as that is ours to check. */
  acceptsSwitch(exchange: HttpExchange): boolean;
  /** The head after which the connection or stream is a tunnel of that protocol. @throws as `sendHead`. */
  sendSwitch(exchange: HttpExchange, protocol: string): void;

  /** The exchange could not take its body before and can now (or will never). */
  continueInput(): void;
  /** An answer of our own is on its way. */
  noteAnswerBytes(bytes: number): void;
  /** The request has arrived completely. */
  requestComplete(): void;
  /** Called by the exchange as its last act. `keep`: everything has been sent and received as it should. */
  exchangeEnded(keep: boolean): void;
  /** What the client sent after the request now served; the caller takes it over. */
  takeHeldInput(): HeldInput | undefined;
  /** Monotonic milliseconds at which the exchange's `onDownstreamExpired` is due; 0: never. */
  expireAt(atMs: number): void;
  /** Cuts off: the client must not take what it has got for a complete message. */
  abort(): void;
}
