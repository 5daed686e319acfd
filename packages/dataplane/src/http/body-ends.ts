// The two ends of a body as a BodyPipe sees them, whatever protocol is spoken there: where bytes come from and where they go.
// Types only.

import type { HeaderTable } from '@sluice/protocols';

interface BodyEnd {
  /** 0: it is gone. For ends that relay, the transport's id of the connection. */
  readonly id: number;
  /** The connection belongs to this body alone, and carries it without any framing but HTTP/1's: the transport may move it. */
  readonly relays: boolean;
}

export interface BodySource extends BodyEnd {
  /** Asks for no more bytes for that reason (`Pause`); some may still come. */
  pauseFor(reason: number): void;
  resumeFor(reason: number): void;
}

export interface BodySink extends BodyEnd {
  /** Takes the bytes in any case: what cannot go at once is kept. They may change after the call. */
  write(bytes: Uint8Array, start: number, end: number): void;
  /** It keeps so much that its source should pause; `BodyPipe.onDestinationDrained` ends that. */
  readonly isFull: boolean;
  /** Anything is kept, with all that can go sent before. Costs a flush. */
  hasBacklog(): boolean;
  /** The body is complete, for those who say so by means of their own. */
  endBody(trailers: HeaderTable | undefined): void;
}
