// One log line for an exchange that went wrong, at the level of its catalogue entry. Costs nothing when that is off.

import type { CatalogueEntry } from '@sluice/errors';
import type { HttpExchange } from './http-exchange.ts';

/** `detail`: errno, the codec's number, or words; 0: none. */
export function logExchangeError(exchange: HttpExchange, entry: CatalogueEntry, detail: number | string): void {
  const { log } = exchange.context;
  if (!log.isLevelEnabled(entry.logLevel)) return;
  const { request, route, upstream } = exchange;
  log[entry.logLevel](
    {
      code: entry.code,
      status: entry.status,
      client: exchange.clientIp,
      method: request.method,
      host: request.host,
      path: request.path,
      router: route?.name,
      server: upstream.server?.record.url,
      detail: detail === 0 ? undefined : detail,
    },
    entry.meaning,
  );
}
