// stripPrefix: takes the first fitting prefix off the path and tells the server in X-Forwarded-Prefix.
// Compares decoded text, cuts the escaped path: an encoded slash in the rest stays encoded.
// Allocates the new path; for paths with percent-encodings also their decoded form.

import { isCleanPath, unescapePath, withoutDecodedPrefix } from '@sluice/protocols';
import { type Answer, plainAnswer } from '../interface/answer.ts';
import type { Exchange } from '../interface/exchange.ts';
import { type Middleware, type MiddlewareBehaviour, Verdict, type VerdictValue } from '../interface/middleware.ts';
import { fieldText } from '../shared/field-text.ts';
import type { StripPrefixOptions } from './strip-prefix-options.ts';

export const stripPrefix: MiddlewareBehaviour<StripPrefixOptions> = {
  type: 'stripPrefix',
  create: (options) => new StripPrefix(options),
};

const BAD_REQUEST: Answer = plainAnswer(400, 'Bad Request');

class StripPrefix implements Middleware {
  private readonly prefixes: readonly string[];
  /** Header values, in the order of `prefixes`. */
  private readonly values: readonly string[];

  /** `forceSlash` is not needed: the path of a request starts with a slash in any case. */
  constructor({ prefixes }: StripPrefixOptions) {
    this.prefixes = prefixes;
    this.values = prefixes.map(fieldText);
  }

  onRequest(exchange: Exchange): VerdictValue {
    const { request } = exchange;
    const decoded = unescapePath(request.path);
    if (decoded === undefined) return refuse(exchange);
    for (let i = 0; i < this.prefixes.length; i++) {
      const prefix = this.prefixes[i]!;
      if (!decoded.startsWith(prefix)) continue;
      const rest = withoutDecodedPrefix(request.path, prefix);
      if (rest === undefined) return refuse(exchange);
      const path = rest.startsWith('/') ? rest : `/${rest}`;
      if (!isCleanPath(path)) return refuse(exchange);
      request.add('X-Forwarded-Prefix', this.values[i]!);
      request.setPath(path);
      return Verdict.NEXT;
    }
    return Verdict.NEXT;
  }
}

/**
 * The rest has dot segments or double slashes which the entry point's cleaning could not see: `/api../x` without `/api`
 * would leave the service's part of the path.
 */
function refuse(exchange: Exchange): VerdictValue {
  exchange.answer(BAD_REQUEST);
  return Verdict.ANSWERED;
}
