// Carries out one HTTP health check over connections of its own: send, follow redirects, judge the status, let go.
// Knows nothing of schedules or thresholds. Everything is bounded: total time, redirects, head size, bytes of body read.

import type { HealthCheckConfiguration } from '@sluice/config';
import { Client, type Dispatcher } from 'undici';
import type { CheckRequest } from './check-request.ts';

export interface CheckOutcome {
  readonly healthy: boolean;
  /** What was seen, for the log. */
  readonly reason: string;
}

export interface CheckLimits {
  /** For everything up to the judged head, redirects included; milliseconds. */
  readonly timeoutMs: number;
  /** Per connection; 0: only the total time limits it. */
  readonly dialTimeoutMs: number;
  /** From the sent request to the head of the answer; 0: only the total time limits it. */
  readonly responseHeadTimeoutMs: number;
}

const REDIRECTS_MAX = 10;
const HEAD_MAX_BYTES = 64 * 1024;
/** A body is read this far so that an ordinary server sees its answer taken, then the connection is closed. */
const BODY_MAX_BYTES = 64 * 1024;
const BODY_DRAIN_MS = 500;
/** Not sent to another host than the one they were configured for. */
const PRIVATE_FIELDS = new Set(['authorization', 'cookie', 'proxy-authorization', 'www-authenticate']);

type Expected = Pick<HealthCheckConfiguration, 'status' | 'followRedirects'>;

/** @param cancel ends the check early; its outcome is then worthless. Never rejects. */
export async function runHttpCheck(
  request: CheckRequest,
  expected: Expected,
  limits: CheckLimits,
  cancel: AbortSignal,
): Promise<CheckOutcome> {
  // Not AbortSignal.any: `cancel` lives as long as the schedule and would collect one dependent per check.
  const abort = new AbortController();
  const onCancel = (): void => abort.abort();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    abort.abort();
  }, limits.timeoutMs);
  cancel.addEventListener('abort', onCancel);
  try {
    return await follow(request, expected, limits, abort.signal);
  } catch (error) {
    if (timedOut) return { healthy: false, reason: `no answer within ${limits.timeoutMs} ms` };
    return { healthy: false, reason: describeFailure(error) };
  } finally {
    clearTimeout(timer);
    cancel.removeEventListener('abort', onCancel);
  }
}

async function follow(
  first: CheckRequest,
  expected: Expected,
  limits: CheckLimits,
  signal: AbortSignal,
): Promise<CheckOutcome> {
  let request = first;
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(request, limits, signal);
    const location = expected.followRedirects ? redirectLocation(answer) : undefined;
    if (location === undefined) return judge(answer.status, expected.status);
    if (redirects === REDIRECTS_MAX) return { healthy: false, reason: `more than ${REDIRECTS_MAX} redirects` };
    const next = redirected(request, answer.status, location);
    if (next === undefined)
      return { healthy: false, reason: `redirect to ${JSON.stringify(location.slice(0, 200))}, which is not HTTP` };
    request = next;
  }
}

interface AnswerHead {
  readonly status: number;
  readonly location: string | undefined;
}

/** One request on one new connection, which is gone (or being drained, within bounds) when this returns. */
async function ask(request: CheckRequest, limits: CheckLimits, signal: AbortSignal): Promise<AnswerHead> {
  const client = new Client(request.origin, {
    connectTimeout: limits.dialTimeoutMs,
    // The total time is the real limit; 0 switches the client's own default off.
    headersTimeout: limits.responseHeadTimeoutMs,
    bodyTimeout: 0,
    maxHeaderSize: HEAD_MAX_BYTES,
    allowH2: false,
  });
  try {
    const response = await client.request({
      path: request.path,
      method: request.method,
      headers: { host: request.host, ...request.headers },
      reset: true,
      signal,
    });
    const location = response.headers.location;
    void drain(response.body).finally(() => client.destroy());
    return { status: response.statusCode, location: Array.isArray(location) ? location[0] : location };
  } catch (error) {
    client.destroy().catch(() => {});
    throw error;
  }
}

/** Never rejects: the head has been judged, what happens to the body does not matter. */
async function drain(body: Dispatcher.ResponseData['body']): Promise<void> {
  const timer = setTimeout(() => body.destroy(), BODY_DRAIN_MS);
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += (chunk as Buffer).length;
      if (bytes > BODY_MAX_BYTES) break;
    }
  } catch {
    // cut off by us or by the server
  } finally {
    clearTimeout(timer);
  }
}

function judge(status: number, expected: number): CheckOutcome {
  const healthy = expected === 0 ? status >= 200 && status <= 399 : status === expected;
  const wanted = expected === 0 ? '200–399' : String(expected);
  return { healthy, reason: healthy ? `status ${status}` : `status ${status}, expected ${wanted}` };
}

/** A 3xx without Location is judged as it is. */
function redirectLocation(answer: AnswerHead): string | undefined {
  const { status } = answer;
  const redirect = status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
  return redirect ? answer.location : undefined;
}

/** RFC 9110 §15.4: 301, 302 and 303 turn into GET (HEAD stays), 307 and 308 keep the method. Undefined when it leaves HTTP. */
function redirected(request: CheckRequest, status: number, location: string): CheckRequest | undefined {
  const target = URL.parse(location, request.origin + request.path);
  if (target === null || (target.protocol !== 'http:' && target.protocol !== 'https:')) return undefined;
  const sameOrigin = target.origin === request.origin;
  const method = status >= 307 || request.method === 'HEAD' ? request.method : 'GET';
  return {
    origin: target.origin,
    path: target.pathname + target.search,
    method,
    host: sameOrigin ? request.host : target.host,
    headers: sameOrigin ? request.headers : withoutPrivateFields(request.headers),
  };
}

function withoutPrivateFields(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !PRIVATE_FIELDS.has(name.toLowerCase())));
}

function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // A name with several addresses fails with one error per address.
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error;
  return inner.message === '' ? inner.name : inner.message;
}
