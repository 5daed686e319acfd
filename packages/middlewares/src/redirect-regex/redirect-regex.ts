// redirectRegex: redirects to the request's URL with the matches of an expression replaced.
// Allocates the URL of every request it sees; that is what the expression is searched in.

import { compileRe2, parseReplacement, type ReplacementSegment, replaceAllRe2 } from '@sluice/routing/regex';
import { textAnswer } from '../interface/answer.ts';
import type { Exchange } from '../interface/exchange.ts';
import { type Middleware, type MiddlewareBehaviour, Verdict, type VerdictValue } from '../interface/middleware.ts';
import { locationValue } from '../shared/location.ts';
import { redirectAnswer } from '../shared/redirect-answer.ts';
import type { RedirectRegexOptions } from './redirect-regex-options.ts';

export const redirectRegex: MiddlewareBehaviour<RedirectRegexOptions> = {
  type: 'redirectRegex',
  create: (options) => new RedirectRegex(options),
};

class RedirectRegex implements Middleware {
  private readonly expression: RegExp;
  private readonly replacement: readonly ReplacementSegment[];
  private readonly permanent: boolean;

  constructor({ regex, replacement, permanent }: RedirectRegexOptions) {
    this.expression = compileRe2(regex);
    this.replacement = parseReplacement(replacement);
    this.permanent = permanent;
  }

  onRequest(exchange: Exchange): VerdictValue {
    const { request, secure } = exchange;
    const subject = `${secure ? 'https' : 'http'}://${request.host}${request.target}`;
    const url = replaceAllRe2(this.expression, subject, this.replacement);
    // No match, or the client is already where it would be sent.
    if (url === subject) return Verdict.NEXT;
    const location = locationValue(url);
    exchange.answer(
      location === undefined ? textAnswer(502) : redirectAnswer(request.method, this.permanent, location),
    );
    return Verdict.ANSWERED;
  }
}
