// What a middleware sees of an exchange. The data path implements it; a middleware never sees connections or pools.
// One exchange object is reused for many exchanges: a middleware must not keep it after it has returned NEXT or answered.

import type { RequestHead, ResponseHead } from '@sluice/protocols';
import type { Answer } from './answer.ts';

export interface Exchange {
  /** The request as it will go upstream: changes made here are seen by later middlewares and by the server. */
  readonly request: RequestHead;
  /** Valid only inside `onResponse` and after it: what will go to the client. */
  readonly response: ResponseHead;
  /** The client's connection is encrypted. */
  readonly secure: boolean;
  /** The certificates that the client has shown, as DER, its own first; empty: none. Allocates; verified as the TLS options say. */
  clientCertificates(): readonly Buffer[];
  /** Peer address, textual, without port and zone. */
  readonly clientIp: string;
  /** Answers without asking the service; response hooks of the middlewares outside this one still run. Return ANSWERED. */
  answer(answer: Answer): void;
  /** Suppresses the peer's entry in X-Forwarded-For for this exchange (the field itself is left as it is now). */
  suppressForwardedFor(): void;
  /** After SUSPENDED: go on with the next middleware. Call it exactly once, or call `answer`. Ignored when the client has left. */
  resume(): void;
}
