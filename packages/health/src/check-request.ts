// Works out, once per server, what a health check sends and where to: URL by RFC 3986, Host, header fields.
// Pure: reads the configuration, does no I/O. A check that cannot be made as configured is reported, not guessed at.

import type { HealthCheckConfiguration } from '@sluice/config';

export interface CheckRequest {
  /** Scheme, host and port, in URL form; the scheme is http or https. */
  readonly origin: string;
  /** HTTP/2 without TLS and without asking first. */
  readonly isH2c: boolean;
  /** Path and query. */
  readonly path: string;
  readonly method: string;
  /** Value of the Host field. */
  readonly host: string;
  /** Without Host; names as configured. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface CheckProblem {
  /** Why every check fails, for the log. */
  readonly problem: string;
}

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const SERVER_URL = /^(https?|h2c):\/\/(?:[^/?#@]*@)?(\[[^\]/?#]*\]|[^:/?#]*)(?::(\d*))?([/][^?#]*)?/i;
const SCHEMES: ReadonlySet<string> = new Set(['http', 'https', 'h2c']);
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Framing and connection fields belong to the HTTP client; Host has an option of its own. */
const OWN_FIELDS = new Set([
  'host',
  'connection',
  'content-length',
  'expect',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * @param serverUrl as configured; userinfo and query are ignored.
 * The check's `path` is a relative reference: `/x` replaces the server's path, `x` is resolved against it, a query may follow.
 */
export function planCheckRequest(
  serverUrl: string,
  check: Pick<HealthCheckConfiguration, 'path' | 'scheme' | 'port' | 'hostname' | 'method' | 'headers'>,
): CheckRequest | CheckProblem {
  if (check.method === 'CONNECT' || !TOKEN.test(check.method))
    return { problem: `method "${check.method}" cannot be used` };
  const base = baseUrl(serverUrl, check);
  if ('problem' in base) return base;
  const url = resolvePath(base.url, check.path);
  if (!(url instanceof URL)) return url;
  const host = check.hostname === '' ? authorityOf(base.url) : check.hostname;
  if (!FIELD_VALUE.test(host)) return { problem: 'hostname holds a control character' };
  const headers = checkHeaders(check.headers);
  if ('problem' in headers) return headers;
  return {
    origin: url.origin,
    isH2c: base.isH2c,
    path: url.pathname + url.search,
    method: check.method,
    host,
    headers: headers.fields,
  };
}

/** The server's URL with the check's scheme and port; a port written in the URL stays even if it is a scheme's default. */
function baseUrl(
  serverUrl: string,
  check: { readonly scheme: string; readonly port: number },
): { readonly url: string; readonly isH2c: boolean } | CheckProblem {
  const parts = SERVER_URL.exec(serverUrl);
  if (parts === null) return { problem: `server url "${serverUrl}" is not http://, https:// or h2c://` };
  const scheme = (check.scheme === '' ? parts[1]! : check.scheme).toLowerCase();
  if (!SCHEMES.has(scheme)) return { problem: `scheme "${check.scheme}" is none of http, https and h2c` };
  const port = check.port === 0 ? (parts[3] ?? '') : String(check.port);
  // URLs of other schemes have no default port, and no origin.
  const isH2c = scheme === 'h2c';
  const base = `${isH2c ? 'http' : scheme}://${parts[2]}${port === '' ? '' : `:${port}`}${parts[4] ?? '/'}`;
  return URL.canParse(base) ? { url: base, isH2c } : { problem: `server url "${serverUrl}" cannot be read` };
}

/** A backslash counts as a slash to WHATWG URLs, so `\\host` would name another host just as `//host` does. */
function resolvePath(base: string, path: string): URL | CheckProblem {
  if (SCHEME.test(path)) return { problem: `path "${path}" must not have a scheme` };
  if (/^[/\\]{2}/.test(path)) return { problem: `path "${path}" must not have a host` };
  if (/[\x00-\x20\x7f]/.test(path)) return { problem: 'path holds a space or control character' };
  const url = new URL(path, base);
  return url.origin === new URL(base).origin ? url : { problem: `path "${path}" must not have a host` };
}

/** `host[:port]` as written in the URL. */
function authorityOf(base: string): string {
  const start = base.indexOf('//') + 2;
  return base.slice(start, base.indexOf('/', start));
}

function checkHeaders(
  configured: Readonly<Record<string, string>>,
): { readonly fields: Record<string, string> } | CheckProblem {
  const fields: Record<string, string> = { 'User-Agent': 'sluice-health-check' };
  for (const [name, value] of Object.entries(configured)) {
    if (!TOKEN.test(name)) return { problem: `header name "${name}" is not valid` };
    if (!FIELD_VALUE.test(value)) return { problem: `value of header "${name}" holds a character that is not allowed` };
    const lower = name.toLowerCase();
    if (OWN_FIELDS.has(lower)) continue;
    if (lower === 'user-agent') delete fields['User-Agent'];
    fields[name] = value;
  }
  return { fields };
}
