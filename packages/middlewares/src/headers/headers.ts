// headers: sets and deletes header fields of requests and responses. CORS and security headers are refused when decoding.
// Only the hooks that have something to do exist, so a middleware for one direction costs nothing in the other.

import type { Exchange } from '../interface/exchange.ts';
import { type Middleware, type MiddlewareBehaviour, Verdict, type VerdictValue } from '../interface/middleware.ts';
import { fieldText } from '../shared/field-text.ts';
import { HeaderEdits } from './header-edits.ts';
import type { HeadersOptions } from './headers-options.ts';

export const headers: MiddlewareBehaviour<HeadersOptions> = {
  type: 'headers',
  create({ customRequestHeaders, customResponseHeaders }): Middleware {
    const onRequest = requestHook(customRequestHeaders);
    const edits = new HeaderEdits(customResponseHeaders);
    const ignoresForwardedFields = !Object.keys(customRequestHeaders).some(touchesForwardedFields);
    const middleware: Middleware = { ignoresForwardedFields, ignoresRequestLater: true };
    if (onRequest !== undefined) middleware.onRequest = onRequest;
    if (!edits.isEmpty) middleware.onResponse = ({ response }) => edits.apply(response);
    return middleware;
  },
};

/** X-Forwarded-Host tells the host that the client asked for. A few other names begin alike; they only cost the shortcut. */
function touchesForwardedFields(name: string): boolean {
  return /^(host$|x[-_](forwarded|real|scheme))/i.test(name);
}

function requestHook(map: Readonly<Record<string, string>>): Middleware['onRequest'] | undefined {
  const { host, fields } = withoutHost(map);
  const edits = new HeaderEdits(fields);
  // Only this spelling has the meaning; any other deletes what was received, and the client's address is still added.
  const suppressForwardedFor = map['X-Forwarded-For'] === '';
  if (host === undefined && edits.isEmpty) return undefined;
  return (exchange: Exchange): VerdictValue => {
    edits.apply(exchange.request);
    if (host !== undefined) exchange.request.setHost(host);
    if (suppressForwardedFor) exchange.suppressForwardedFor();
    return Verdict.NEXT;
  };
}

/** Host is no ordinary field: it cannot be deleted (`Host: ""` does nothing), and the upstream side writes it. */
function withoutHost(map: Readonly<Record<string, string>>): {
  readonly host: string | undefined;
  readonly fields: Record<string, string>;
} {
  let host: string | undefined;
  const fields: Record<string, string> = {};
  for (const [name, value] of Object.entries(map)) {
    if (name.toLowerCase() !== 'host') fields[name] = value;
    else if (value !== '') host = fieldText(value);
  }
  return { host, fields };
}
