// What the matcher sees of an exchange's request (RequestView). One per exchange object, reused; allocates only the
// values of header fields that a rule asks for.

import type { RequestView } from '@sluice/routing/snapshot';
import { canonicalHost } from './canonical-host.ts';
import { isForwardedField, setForwardedFields } from './forwarded-fields.ts';
import type { HttpExchange } from './http-exchange.ts';

export class ExchangeView implements RequestView {
  host = '';
  path = '';
  method = '';
  query: string | undefined = undefined;
  clientAddress: Uint8Array = new Uint8Array(16);
  private readonly exchange: HttpExchange;
  private hostReceived = '';

  constructor(exchange: HttpExchange) {
    this.exchange = exchange;
  }

  /** Takes the request's values; `path` is its routing path. */
  fill(path: string): void {
    const { request, downstream } = this.exchange;
    if (request.host !== this.hostReceived) {
      this.hostReceived = request.host;
      this.host = canonicalHost(request.host);
    }
    this.path = path;
    this.method = request.method;
    this.query = request.query;
    this.clientAddress = downstream.peer.bytes;
  }

  headerValues(name: string): readonly string[] {
    if (isForwardedField(name)) setForwardedFields(this.exchange);
    return this.exchange.request.getAll(name);
  }
}
