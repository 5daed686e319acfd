// A request for matcher tests, from plain values.

import { toMappedBytes } from '../../src/match/client-network.ts';
import type { RequestView } from '../../src/match/request-view.ts';

export interface TestRequest {
  readonly host?: string;
  readonly path?: string;
  readonly method?: string;
  readonly query?: string;
  readonly client?: string;
  /** By lower-case name. */
  readonly headers?: Readonly<Record<string, readonly string[]>>;
}

export function requestView(request: TestRequest): RequestView {
  const { host = '', path = '/', method = 'GET', query, client = '192.0.2.1', headers = {} } = request;
  return {
    host,
    path,
    method,
    query,
    clientAddress: toMappedBytes(client),
    headerValues(name) {
      if (name !== name.toLowerCase() || name === 'host') throw new Error(`asked for header ${name}`);
      return Object.hasOwn(headers, name) ? headers[name]! : [];
    },
  };
}
