// The head of one request, whatever protocol brought it: what routing, middlewares and the upstream side read and change.
// Codecs fill it; it does no I/O. Reused from request to request (`clear`).

import { HeaderTable } from './header-table.ts';

export const BodyKind = { NONE: 0, LENGTH: 1, CHUNKED: 2, UNTIL_CLOSE: 3 } as const;

export class RequestHead extends HeaderTable {
  /** As sent, case kept. Common methods are interned. */
  method = '';
  /** 0 or 1: HTTP/1.x. Later protocols say 1. */
  minorVersion = 1;
  /** Range in `bytes` of the request target as received. */
  targetOffset = 0;
  targetLength = 0;
  /** Escaped path, starting with `/` (or `*`). Set by the codec from the received target; rewritten with `setPath`. */
  path = '';
  /** Without `?`; undefined when the target has no `?`. */
  query: string | undefined = undefined;
  /** False while path and query together are still byte for byte the received origin-form target. */
  targetChanged = false;
  /** Host to send and to redirect with: Host field or the authority of an absolute-form target, as received. Empty when absent. */
  host = '';
  /** `host` differs from the received Host field, or that is written in a way which some would not understand. */
  hostChanged = false;
  bodyKind: number = BodyKind.NONE;
  /** For LENGTH. Up to 2^53-1. */
  bodyBytes = 0;
  /** The received Content-Length is right, but some would read it differently: it must be written anew. */
  lengthUnusual = false;
  /** The client would keep the connection after this exchange. */
  keepAlive = true;
  expectContinue = false;
  /** `Connection` holds the token upgrade and `Upgrade` is present. */
  upgrade = false;
  /** Bytes of the head, from its first byte to the end of the blank line: range in `bytes`. */
  headOffset = 0;
  headLength = 0;

  override clear(bytes: Buffer): void {
    super.clear(bytes);
    this.query = undefined;
    this.targetChanged = false;
    this.hostChanged = false;
    this.bodyKind = BodyKind.NONE;
    this.bodyBytes = 0;
    this.lengthUnusual = false;
    this.keepAlive = true;
    this.expectContinue = false;
    this.upgrade = false;
  }

  /** `path` must be escaped and start with `/`. */
  setPath(path: string): void {
    this.path = path;
    this.targetChanged = true;
  }

  setQuery(query: string | undefined): void {
    this.query = query;
    this.targetChanged = true;
  }

  setHost(host: string): void {
    this.host = host;
    this.hostChanged = true;
  }

  /** Origin form: path and query as they are now. */
  get target(): string {
    return this.query === undefined ? this.path : `${this.path}?${this.query}`;
  }

  /** Makes the head survive its batch, in `into` when it fits there. */
  retainHead(into?: Buffer): void {
    const start = this.headOffset;
    this.retain(start, start + this.headLength, into);
    this.targetOffset -= start;
    this.headOffset = 0;
  }
}
