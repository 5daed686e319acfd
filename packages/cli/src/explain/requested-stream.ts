// The connection of TCP or flow of UDP that `explain` is asked about, as given on the command line.

import { isIP } from 'node:net';
import { lastValue, type ParsedOptions, UsageError } from '../command-line/parse-options.ts';

export interface RequestedStream {
  readonly protocol: 'tcp' | 'udp';
  /** As typed. */
  readonly host: string;
  /** The port the client connects to. */
  readonly port: number;
  /** It begins with a ClientHello: of TLS, or of QUIC. */
  readonly secure: boolean;
  /** It asks for TLS in PostgreSQL's protocol first. */
  readonly postgres: boolean;
  /** Lower case, without a dot at its end; empty: none is named. */
  readonly serverName: string;
  /** Application protocols that the client offers. */
  readonly alpn: readonly string[];
  /** IP literal. */
  readonly clientIp: string;
}

const SCHEME = /^(tcp|udp):\/\//i;
const ADDRESS = /^(tcp|udp):\/\/(\[[^\]]*\]|[^:/?#[\]\s]*):(\d{1,5})\/?$/i;

/** Is it a connection or a flow that is asked about, and no request? */
export function asksForStream({ words }: ParsedOptions): boolean {
  return words.length === 1 && SCHEME.test(words[0]!);
}

/** @throws UsageError */
export function requestedStream(options: ParsedOptions): RequestedStream {
  const [address = ''] = options.words;
  const [, scheme = '', host = '', digits = ''] = ADDRESS.exec(address) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535)) {
    throw new UsageError(`"${address}" must be tcp://host:port or udp://host:port, with a port from 1 to 65535`);
  }
  const protocol = scheme.toLowerCase() === 'tcp' ? 'tcp' : 'udp';
  if (options.values.has('H')) throw new UsageError(`-H is for requests; ${protocol} has no headers`);
  const clientIp = lastValue(options, 'client-ip') ?? '127.0.0.1';
  if (isIP(clientIp) === 0) throw new UsageError(`--client-ip must be an IP address, not "${clientIp}"`);
  const serverName = lastValue(options, 'sni');
  const postgres = options.switches.has('postgres');
  if (postgres && protocol === 'udp') throw new UsageError('--postgres is for tcp://');
  const alpn = (lastValue(options, 'alpn') ?? '').split(',').filter((name) => name !== '');
  return {
    protocol,
    host,
    port,
    secure: serverName !== undefined || alpn.length > 0 || postgres,
    postgres,
    serverName: (serverName ?? '').trim().toLowerCase().replace(/\.$/, ''),
    alpn,
    clientIp,
  };
}
