// The request that `explain` is asked about: method, URL, headers, client address, as given on the command line.

import { isIP } from 'node:net';
import { lastValue, type ParsedOptions, UsageError } from '../command-line/parse-options.ts';

export interface RequestedExchange {
  readonly method: string;
  /** `host[:port]`: the URL's, or that of a Host header. */
  readonly authority: string;
  /** Over TLS: the URL begins with `https`. */
  readonly secure: boolean;
  /** What a client names when it connects over TLS: the host of the URL, lower case; empty for an address, which is not named. */
  readonly serverName: string;
  /** Port of the URL, or the default of its scheme: the port the client connects to. */
  readonly port: number;
  /** As typed; at least `/`. */
  readonly path: string;
  /** Without `?`; undefined when absent. */
  readonly query: string | undefined;
  /** Lower-case name, value; `Host` is not among them. */
  readonly headers: readonly (readonly [string, string])[];
  /** IP literal. */
  readonly clientIp: string;
}

const URL_PARTS = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };

/** @throws UsageError */
export function requestedExchange(options: ParsedOptions): RequestedExchange {
  const [first, second, ...more] = options.words;
  if (first === undefined || more.length > 0)
    throw new UsageError('expected a method and a URL, such as GET http://example.com/');
  const [method, url] = second === undefined ? ['GET', first] : [first, second];
  if (!TOKEN.test(method)) throw new UsageError(`"${method}" is not a method`);
  const { secure, authority, serverName, port, path, query } = parseUrl(url);
  const headers = (options.values.get('H') ?? []).map(parseHeader);
  const clientIp = lastValue(options, 'client-ip') ?? '127.0.0.1';
  if (isIP(clientIp) === 0) throw new UsageError(`--client-ip must be an IP address, not "${clientIp}"`);
  const host = headers.findLast(([name]) => name === 'host')?.[1];
  return {
    method,
    authority: host ?? authority,
    secure,
    serverName,
    port,
    path: path === '' ? '/' : path,
    query,
    headers: headers.filter(([name]) => name !== 'host'),
    clientIp,
  };
}

function parseUrl(url: string) {
  const [, scheme = 'http', given = '', path = '', query] = URL_PARTS.exec(url) ?? [];
  const standardPort = DEFAULT_PORTS[scheme.toLowerCase()];
  const authority = given.slice(given.lastIndexOf('@') + 1);
  if (standardPort === undefined || /[\s\u0000-\u001f]/.test(url))
    throw new UsageError(`"${url}" is not an http or https URL`);
  const port = /:(\d{1,5})$/.exec(authority)?.[1];
  if (authority === '' || Number(port ?? 1) > 65_535) throw new UsageError(`"${url}" has no valid host and port`);
  const hostname = authority.replace(/:\d*$/, '').toLowerCase();
  return {
    secure: scheme.toLowerCase() === 'https',
    authority,
    serverName: isIP(hostname) !== 0 || hostname.startsWith('[') ? '' : hostname.replace(/\.$/, ''),
    port: port === undefined ? standardPort : Number(port),
    path,
    query,
  };
}

function parseHeader(text: string): [string, string] {
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(0, colon)).trim();
  if (!TOKEN.test(name)) throw new UsageError(`-H takes "Name: value", not "${text}"`);
  return [name.toLowerCase(), text.slice(colon + 1).trim()];
}
