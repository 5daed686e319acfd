// replacePath: every request goes to one path; the server learns the old one from X-Replaced-Path. The query stays.
// Allocates nothing.

import { escapePath, normalizePath, unescapePath } from '@sluice/protocols';
import type { Exchange } from '../interface/exchange.ts';
import { type Middleware, type MiddlewareBehaviour, Verdict, type VerdictValue } from '../interface/middleware.ts';
import type { ReplacePathOptions } from './replace-path-options.ts';

export const replacePath: MiddlewareBehaviour<ReplacePathOptions> = {
  type: 'replacePath',
  create: ({ path }) => new ReplacePath(path),
};

class ReplacePath implements Middleware {
  private readonly path: string;

  constructor(path: string) {
    const escaped = escapedForm(path);
    this.path = escaped.startsWith('/') ? escaped : `/${escaped}`;
  }

  onRequest({ request }: Exchange): VerdictValue {
    request.add('X-Replaced-Path', request.path);
    request.setPath(this.path);
    return Verdict.NEXT;
  }
}

/**
 * A path that is a valid escaped one is taken literally. Otherwise (`?`, `#`, spaces, text beyond ASCII) it is
 * understood as decoded, so that it can never spill into the query.
 * @throws Error for a broken percent-encoding.
 */
function escapedForm(path: string): string {
  const decoded = unescapePath(path);
  if (decoded === undefined) throw new Error(`the path "${path}" has a % without two hexadecimal digits behind it`);
  const isEscaped = /^[\x21-\x7e]*$/.test(path) && !/["<>\\^`{|}]/.test(path) && normalizePath(path) !== undefined;
  return isEscaped ? path : escapePath(decoded);
}
