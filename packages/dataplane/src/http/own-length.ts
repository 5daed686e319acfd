// Which Content-Length a response gets, whatever protocol its client speaks. Sends nothing.

import { Field } from '@sluice/protocols';
import { Framing, hasNoBody } from './framing.ts';
import type { HttpExchange } from './http-exchange.ts';

/** The Content-Length we have to write ourselves, or -1; a received one that is wrong or may not be there is removed. */
export function ownLength(exchange: HttpExchange, framing: number, bodyBytes: number): number {
  const { response, request } = exchange;
  const { status } = response;
  if (response.lengthUnusual) response.removeId(Field.CONTENT_LENGTH);
  if (framing === Framing.LENGTH) return response.hasReceived(Field.CONTENT_LENGTH) ? -1 : bodyBytes;
  if (framing === Framing.NONE) {
    // Without a body a length may still say how long it would be, except where RFC 9110 §8.6 forbids it.
    if ((request.method === 'HEAD' && !hasNoBody(status)) || status === 304) {
      return response.lengthUnusual ? bodyBytes : -1;
    }
    if (!response.statusChanged && !hasNoBody(status) && response.hasReceived(Field.CONTENT_LENGTH)) return -1;
  }
  response.removeId(Field.CONTENT_LENGTH);
  return framing === Framing.NONE && !hasNoBody(status) ? 0 : -1;
}
