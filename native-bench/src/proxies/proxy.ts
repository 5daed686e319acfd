// What the benchmark asks of every proxy, and what every proxy gives: its configuration as text and the command to start
// it. Plans are pure, so that tests and reports can look at them; starting is done in running-proxy.ts.

import type { Credentials } from '../lab/credentials.ts';
import type { Tool } from '../lab/tools.ts';

/**
 * What clients may speak: HTTP/1.1; TLS, and in it what they choose by ALPN; HTTP/2 without TLS, known beforehand; anything over TCP or
 * UDP, which is passed on as it is.
 */
export type Downstream = 'http' | 'tls' | 'h2c' | 'tcp' | 'udp';

/**
 * What the server speaks: HTTP/1.1; HTTP/2 without TLS, known beforehand; over TCP our own protocol (upstream/exchange-protocol.ts);
 * over TCP that of PostgreSQL; over UDP, whatever it is sent. No proxy of TCP or UDP needs to know.
 */
export type UpstreamProtocol = 'http' | 'h2c' | 'exchanges' | 'postgres' | 'echo';

export interface Site {
  /** Absolute; everything the proxy writes goes there, and it is its working directory. */
  readonly folder: string;
  /** Of the loopback address, to listen on. */
  readonly port: number;
  /** Of the loopback address, for proxies that are reloaded by a request. */
  readonly adminPort: number;
  readonly upstreamPort: number;
  readonly upstreamProtocol: UpstreamProtocol;
  readonly downstream: Downstream;
  /** For sites with TLS. */
  readonly credentials: Credentials;
  /** Processes or threads that serve. */
  readonly workers: number;
  /** A router each, all to the same server; everything else is refused. Empty: one router for everything. */
  readonly hosts: readonly string[];
  /** Each of so many middlewares sets one field of the request and one of the response. */
  readonly headers: number;
  /** Clients at the same time, at most. */
  readonly connectionsMax: number;
  /** The configuration will change while it runs. */
  readonly reloads: boolean;
  /** A line of JSON for each request goes to a file in the folder. */
  readonly jsonLog: boolean;
}

export interface LaunchPlan {
  /** Text by name, in the folder of the site. The first is the main one. */
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** How a proxy comes to use changed files. */
export type Reload =
  | { readonly kind: 'watched' }
  | { readonly kind: 'signal'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'post'; readonly path: string; readonly file: string; readonly contentType: string };

export interface ProxyKind {
  /** As in `--peers`. */
  readonly name: string;
  readonly tool: Tool;
  /** Nobody listens: clients are sent to the server. */
  readonly isAbsent?: boolean;
  /** What it needs besides for TCP and UDP. */
  readonly streamTool?: Tool;
  /** What it can be set up for. */
  readonly downstreams: readonly Downstream[];
  readonly version: () => string;
  /** What was chosen and why, a sentence each; they stand in the report. */
  readonly choices: readonly string[];
  /** More hosts than this make no sense for it. */
  readonly hostsMax: number;
  readonly reload?: Reload;
  readonly plan: (site: Site) => LaunchPlan;
}

/** Every kind of HTTP. */
export const HTTP_DOWNSTREAMS: readonly Downstream[] = ['http', 'tls', 'h2c'];

/** Bytes are passed on as they are. */
export function isStream({ downstream }: Pick<Site, 'downstream'>): boolean {
  return downstream === 'tcp' || downstream === 'udp';
}

/** Programs that a proxy needs for such a site. */
export function toolsOf({ tool, streamTool }: ProxyKind, site: Pick<Site, 'downstream'>): Tool[] {
  return isStream(site) && streamTool !== undefined ? [tool, streamTool] : [tool];
}

/** Names of the fields of the n-th middleware, from 0. */
export function requestFieldOf(index: number): string {
  return `X-Bench-Request-${index}`;
}

export function responseFieldOf(index: number): string {
  return `X-Bench-Response-${index}`;
}

/** 0 … count - 1. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

export function hostOf(index: number): string {
  return `route-${String(index).padStart(6, '0')}.bench.example`;
}

/** Non-empty lines under each other, with a line end after the last. */
export function lines(...parts: readonly (string | readonly string[])[]): string {
  return `${parts
    .flat()
    .filter((line) => line !== '')
    .join('\n')}\n`;
}
