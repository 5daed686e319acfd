// Asks the OCSP responders of one certificate, in their order, until one gives a response that verifies. Bounded: time and size of
// each answer. Knows nothing of schedules.

import { type Dispatcher, request } from 'undici';
import { CertificateError } from '../load/certificate-error.ts';
import type { OcspTarget } from './ocsp-target.ts';
import { type Staple, verifyStaple } from './verify-staple.ts';

export interface StapleLimits {
  /** For everything that one responder does, milliseconds. */
  readonly timeoutMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface StapleOutcome {
  readonly staple: Staple | undefined;
  /** One sentence for each responder that gave none. */
  readonly problems: readonly string[];
}

/** Responses have one or two KiB; those with a chain of certificates some more. */
export const RESPONSE_MAX_BYTES = 64 * 1024;
const RESPONDERS_MAX = 5;

/** Never rejects. @param stop ends it early; the outcome is then worthless. */
export async function fetchStaple(
  target: OcspTarget,
  urls: readonly string[],
  limits: StapleLimits,
  dispatcher: Dispatcher,
  stop: AbortSignal,
): Promise<StapleOutcome> {
  const problems: string[] = [];
  for (const url of urls.slice(0, RESPONDERS_MAX)) {
    if (stop.aborted) break;
    try {
      const der = await ask(url, target.request, limits, dispatcher, stop);
      return { staple: verifyStaple(der, target, limits.now()), problems };
    } catch (error) {
      const what = error instanceof CertificateError ? `the response of ${url} ` : `${url}: `;
      problems.push(what + describe(error, limits));
    }
  }
  return { staple: undefined, problems };
}

async function ask(
  url: string,
  body: Buffer,
  { timeoutMs }: StapleLimits,
  dispatcher: Dispatcher,
  stop: AbortSignal,
): Promise<Buffer> {
  const abort = new AbortController();
  const onStop = (): void => abort.abort();
  const timer = setTimeout(() => abort.abort(new TimeoutError()), timeoutMs);
  stop.addEventListener('abort', onStop);
  try {
    const headers = { 'content-type': 'application/ocsp-request', accept: 'application/ocsp-response' };
    const answer = await request(url, { method: 'POST', headers, body, dispatcher, signal: abort.signal });
    const bytes = await readBounded(answer.body);
    if (answer.statusCode < 200 || answer.statusCode > 299) throw new Error(`status ${answer.statusCode}`);
    return bytes;
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', onStop);
    // What is still under way is cut off, such as a body that is too long.
    abort.abort();
  }
}

async function readBounded(body: Dispatcher.ResponseData['body']): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += (chunk as Buffer).length;
    if (bytes > RESPONSE_MAX_BYTES) throw new Error(`the response has more than ${RESPONSE_MAX_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

class TimeoutError extends Error {
  override name = 'TimeoutError';
}

function describe(error: unknown, { timeoutMs }: StapleLimits): string {
  if (error instanceof TimeoutError) return `no answer within ${timeoutMs} ms`;
  if (!(error instanceof Error)) return String(error);
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  return inner.message === '' ? inner.name : inner.message;
}
