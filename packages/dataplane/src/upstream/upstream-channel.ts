// What an exchange knows of its way to a server: one connection of HTTP/1, or one stream of HTTP/2. Types only.

import type { ResponseHead } from '@sluice/protocols';
import type { BodySink, BodySource } from '../http/body-ends.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import type { UpstreamSide } from '../http/upstream-side.ts';
import type { UpstreamPool } from './upstream-pool.ts';

export interface UpstreamChannel extends BodySource, BodySink {
  readonly pool: UpstreamPool;
  readonly connected: boolean;
  /** Its connection stands, and TLS is being agreed on. */
  readonly securing: boolean;
  /** Its connection has served an exchange before: the server may close it at any moment. */
  readonly reused: boolean;
  /** Cleared for good when it must not serve another exchange. */
  reusable: boolean;
  /** One of the server's places is its connection's until that is gone. */
  holdsPlace: boolean;
  /** The protocol tells where a response's body ends: Content-Length is only a promise that is checked there. */
  readonly framed: boolean;

  serve(side: UpstreamSide): void;
  /** Sends the head of the exchange's request, on which `prepareRequestHead` has been called. @throws RangeError for bad fields. */
  sendRequest(exchange: HttpExchange): void;
  noteServerIdle(response: ResponseHead): void;
  /** The exchange is over, in order. */
  giveBack(): void;
  /** Ends at once, whatever is under way. */
  drop(): void;
  /** Lets the server have everything that is queued, then ends. */
  closeGracefully(): void;
  /** Monotonic milliseconds at which the side's `onUpstreamExpired` is due; 0: never. */
  expireAt(atMs: number): void;
}
