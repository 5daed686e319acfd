// redirectScheme: sends clients to the same URL under another scheme, usually from http to https.
// Allocates nothing for requests that are already there.

import { plainAnswer, textAnswer } from '../interface/answer.ts';
import type { Exchange } from '../interface/exchange.ts';
import { type Middleware, type MiddlewareBehaviour, Verdict, type VerdictValue } from '../interface/middleware.ts';
import { locationValue } from '../shared/location.ts';
import { redirectAnswer } from '../shared/redirect-answer.ts';
import type { RedirectSchemeOptions } from './redirect-scheme-options.ts';

export const redirectScheme: MiddlewareBehaviour<RedirectSchemeOptions> = {
  type: 'redirectScheme',
  create: (options) => new RedirectScheme(options),
};

class RedirectScheme implements Middleware {
  private readonly scheme: string;
  /** Empty for the scheme's default. */
  private readonly port: string;
  private readonly permanent: boolean;

  constructor({ scheme, port, permanent }: RedirectSchemeOptions) {
    this.scheme = scheme.toLowerCase();
    this.port = withoutDefault(this.scheme, port);
    this.permanent = permanent;
  }

  onRequest(exchange: Exchange): VerdictValue {
    const { request } = exchange;
    const { host } = request;
    const scheme = currentScheme(exchange);
    const colon = portColon(host);
    const port = colon === -1 ? '' : withoutDefault(scheme, host.slice(colon + 1));
    if (scheme === this.scheme && port === this.port) return Verdict.NEXT;
    if (host === '') {
      // Only HTTP/1.0 may come without a host; there is nowhere to send it.
      exchange.answer(plainAnswer(400, 'Bad Request'));
      return Verdict.ANSWERED;
    }
    const hostname = colon === -1 ? host : host.slice(0, colon);
    const authority = this.port === '' ? hostname : `${hostname}:${this.port}`;
    const location = locationValue(`${this.scheme}://${authority}${request.path === '*' ? '' : request.target}`);
    exchange.answer(
      location === undefined ? textAnswer(502) : redirectAnswer(request.method, this.permanent, location),
    );
    return Verdict.ANSWERED;
  }
}

/** X-Forwarded-Proto counts, so that a TLS-terminating proxy in front causes no loop; whom to trust was decided before. */
function currentScheme({ secure, request }: Exchange): string {
  const forwarded = request.get('x-forwarded-proto');
  if (forwarded === 'https' || forwarded === 'wss') return 'https';
  if (forwarded === 'http' || forwarded === 'ws') return 'http';
  return secure ? 'https' : 'http';
}

/** Index of the colon before the port, or -1; colons inside an IPv6 literal are none. */
function portColon(host: string): number {
  const colon = host.lastIndexOf(':');
  return colon > host.lastIndexOf(']') ? colon : -1;
}

function withoutDefault(scheme: string, port: string): string {
  return (scheme === 'http' && port === '80') || (scheme === 'https' && port === '443') ? '' : port;
}
