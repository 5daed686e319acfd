// Tells of an exchange that went wrong, at the level of its catalogue entry. What an operator has to know is told once in a while for
// each router, server and detail, what only helps to find something for each exchange. Costs nothing when that level is off.

import type { CatalogueEntry } from '@sluice/errors';
import type { HttpExchange } from './http-exchange.ts';

/** `detail`: errno, the codec's number, or words; 0: none. */
export function logExchangeError(exchange: HttpExchange, entry: CatalogueEntry, detail: number | string): void {
  const { log, transport } = exchange.context;
  const { code, logLevel, status, meaning } = entry;
  if (!log.isLevelEnabled(logLevel)) return;
  const { request, route, upstream, clientIp } = exchange;
  const about = {
    status,
    method: request.method,
    host: request.host,
    path: request.path,
    router: route?.name,
    server: upstream.server?.record.url,
    detail: detail === 0 ? undefined : detail,
  };
  if (logLevel === 'debug') {
    log.debug({ code, client: clientIp, ...about }, meaning);
  } else {
    const { refusals } = exchange.downstream.entryPoint;
    refusals.refused(entry, clientIp, transport.now, about, `${about.router} ${about.server} ${detail}`);
  }
}
