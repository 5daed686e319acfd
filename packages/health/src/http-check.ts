// Carries out one HTTP health check over connections of its own: send, follow redirects, judge the status, let go.
// Knows nothing of schedules or thresholds. Everything is bounded: total time, redirects, head size, bytes of body read.

import type { HealthCheckConfiguration } from '@sluice/config';
import { buildConnector, Client, type Dispatcher } from 'undici';
import type { CheckRequest } from './check-request.ts';
import { type CheckTls, type SecureConnection, secureConnectionOf } from './check-tls.ts';

export interface CheckOutcome {
  readonly healthy: boolean;
  /** What was seen, for the log. */
  readonly reason: string;
  /** It is well, and in another role than the check asks for. */
  readonly hasOtherRole?: boolean;
  /** It says nothing of the server, whose state stays as it is. `healthy` is false then. */
  readonly isUndecided?: boolean;
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
export const UNUSABLE_TRANSPORT = 'the servers transport cannot be used for TLS';
/** Not sent to another host than the one they were configured for. */
const PRIVATE_FIELDS = new Set(['authorization', 'cookie', 'proxy-authorization', 'www-authenticate']);

type Expected = Pick<HealthCheckConfiguration, 'status' | 'followRedirects'>;

/**
 * @param cancel ends the check early; its outcome is then worthless. Never rejects.
 * @param tls for servers of the scheme https. Default: as Node does it
 */
export async function runHttpCheck(
  request: CheckRequest,
  expected: Expected,
  limits: CheckLimits,
  cancel: AbortSignal,
  tls?: CheckTls,
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
    return await follow(request, expected, { limits, tls, signal: abort.signal });
  } catch (error) {
    if (timedOut) return { healthy: false, reason: `no answer within ${limits.timeoutMs} ms` };
    return { healthy: false, reason: describeFailure(error) };
  } finally {
    clearTimeout(timer);
    cancel.removeEventListener('abort', onCancel);
  }
}

/** What all requests of one check have in common. */
interface CheckRun {
  readonly limits: CheckLimits;
  readonly tls: CheckTls | undefined;
  readonly signal: AbortSignal;
}

async function follow(first: CheckRequest, expected: Expected, run: CheckRun): Promise<CheckOutcome> {
  let request = first;
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(request, run);
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
async function ask(request: CheckRequest, { limits, tls, signal }: CheckRun): Promise<AnswerHead> {
  const allowH2 = request.isH2c || (request.origin.startsWith('https:') && tls?.disableHttp2 !== true);
  const client = new Client(request.origin, {
    connect: connectorOf(request, limits, tls, allowH2),
    // The total time is the real limit; 0 switches the client's own default off.
    headersTimeout: limits.responseHeadTimeoutMs,
    bodyTimeout: 0,
    maxHeaderSize: HEAD_MAX_BYTES,
    allowH2,
    h2Options: { useH2c: request.isH2c },
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

function connectorOf(
  request: CheckRequest,
  { dialTimeoutMs: timeout }: CheckLimits,
  tls: CheckTls | undefined,
  allowH2: boolean,
): buildConnector.connector {
  if (!request.origin.startsWith('https:')) return plainConnector(timeout, request.isH2c);
  if (tls !== undefined && tls.transport === undefined) throw new Error(UNUSABLE_TRANSPORT);
  const secure: SecureConnection =
    tls?.transport === undefined ? {} : secureConnectionOf(tls.transport, tls.systemAuthorities);
  const connect = buildConnector({ ...secure, allowH2, timeout });
  // The client library would ask for the name in the Host field; without a name the host of the URL is taken.
  return (options, done) => connect({ ...options, servername: secure.servername ?? '' }, done);
}

function plainConnector(timeout: number, useH2c: boolean): buildConnector.connector {
  const options: Parameters<typeof buildConnector>[0] & { readonly useH2c: boolean } = { timeout, useH2c };
  return buildConnector(options);
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
    isH2c: sameOrigin && request.isH2c,
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
