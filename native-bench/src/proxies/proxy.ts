// What the benchmark asks of every proxy, and what every proxy gives: its configuration as text and the command to start
// it. Plans are pure, so that tests and reports can look at them; starting is done in running-proxy.ts.

import type { Credentials } from '../lab/credentials.ts';
import type { Tool } from '../lab/tools.ts';

/** What clients may speak: HTTP/1.1; TLS, and in it what they choose by ALPN; HTTP/2 without TLS, known beforehand. */
export type Downstream = 'http' | 'tls' | 'h2c';

/** What the server speaks: HTTP/1.1, or HTTP/2 without TLS, known beforehand. */
export type UpstreamProtocol = 'http' | 'h2c';

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
  readonly version: () => string;
  /** What was chosen and why, a sentence each; they stand in the report. */
  readonly choices: readonly string[];
  /** More hosts than this make no sense for it. */
  readonly hostsMax: number;
  readonly reload?: Reload;
  readonly plan: (site: Site) => LaunchPlan;
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
