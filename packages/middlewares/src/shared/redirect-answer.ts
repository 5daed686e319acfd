// The answer of every redirecting middleware: status by method, Location, the reason phrase as body.

import { type Answer, textAnswer } from '../interface/answer.ts';

/**
 * GET: 302, or 301 when permanent. Every other method, HEAD included: 307 or 308, which keep method and body.
 * @param location as `locationValue` gave it.
 */
export function redirectAnswer(method: string, permanent: boolean, location: string): Answer {
  const status = method === 'GET' ? (permanent ? 301 : 302) : permanent ? 308 : 307;
  return textAnswer(status, [['Location', location]]);
}
