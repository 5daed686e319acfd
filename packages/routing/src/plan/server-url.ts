// Takes the address of a server apart. The spelling was validated with the configuration; here it only has to be split.

export interface ServerAddress {
  readonly scheme: string;
  /** IP literal without brackets, or a name; lower case is not forced. */
  readonly hostname: string;
  readonly port: number;
  /** `hostname[:port]` as written. */
  readonly authority: string;
  /** Path and query as written; empty when there is none. With the scheme `unix` that of the socket, percent-encoded. */
  readonly path: string;
}

const PARTS =
  /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:[^/?#@]*@)?((\[[^\]/?#]+\]|[^/?#:[\]]+)(?::(\d{0,5}))?)([/?][^#]*)?(?:#.*)?$/s;
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, h2c: 80, https: 443, unix: 0 };

/** The path of the Unix socket of a server whose scheme is `unix`. */
export function socketPathOf({ path }: Pick<ServerAddress, 'path'>): string {
  return decodeURIComponent(path);
}

/** Undefined when it is not `scheme://host[:port][/path]` with a known scheme. */
export function parseServerUrl(url: string): ServerAddress | undefined {
  const parts = PARTS.exec(url);
  if (parts === null) return undefined;
  const [, writtenScheme = '', authority = '', host = '', writtenPort = '', path = ''] = parts;
  const scheme = writtenScheme.toLowerCase();
  if (!Object.hasOwn(DEFAULT_PORTS, scheme)) return undefined;
  const port = writtenPort === '' ? DEFAULT_PORTS[scheme]! : Number(writtenPort);
  if (scheme === 'unix') return { scheme, hostname: host, port: 0, authority: host, path };
  if (port < 1 || port > 65_535) return undefined;
  const hostname = host.startsWith('[') ? host.slice(1, -1) : host;
  return { scheme, hostname, port, authority: authority.endsWith(':') ? authority.slice(0, -1) : authority, path };
}
