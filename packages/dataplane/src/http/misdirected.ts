// May this request be answered on the connection it came on? A client that was let in under the TLS options of one host must not
// reach a router that asks for others (tls-acme.md section 4.1).

import { Errors } from '@sluice/errors';
import type { Answer } from '@sluice/middlewares/behaviours';
import { isMisdirected } from '@sluice/routing/tls';
import type { Route } from '../worker/route.ts';
import { logExchangeError } from './exchange-log.ts';
import type { HttpExchange } from './http-exchange.ts';
import { answerFor } from './proxy-answer.ts';

const MISDIRECTED = answerFor(Errors.MISDIRECTED_REQUEST);

/** Undefined: it may. */
export function misdirected(exchange: HttpExchange, route: Route): Answer | undefined {
  const { tls } = exchange.downstream;
  if (tls === undefined || !isMisdirected(tls.optionsName, route.tlsOptions)) return undefined;
  logExchangeError(exchange, Errors.MISDIRECTED_REQUEST, 0);
  return MISDIRECTED;
}
