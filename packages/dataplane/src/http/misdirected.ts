// May this request be answered on the connection it came on? A client that was let in under the TLS options of one host must not
// reach a router that asks for others (tls-acme.md section 4.1).

import { Errors } from '@sluice/errors';
import { isMisdirected } from '@sluice/routing/tls';
import type { Route } from '../worker/route.ts';
import { logExchangeError } from './exchange-log.ts';
import type { HttpExchange } from './http-exchange.ts';

/** True: it may not, which has been said. */
export function misdirected(exchange: HttpExchange, route: Route): boolean {
  const { tls } = exchange.downstream;
  if (tls === undefined || !isMisdirected(tls.optionsName, route.tlsOptions)) return false;
  logExchangeError(exchange, Errors.MISDIRECTED_REQUEST, 0);
  return true;
}
