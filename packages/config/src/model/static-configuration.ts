// The decoded static (install) configuration: what the rest of the program sees after defaults are applied.
// Key names are those of the configuration reference; every duration is a number of milliseconds.

import type { AccessLogConfiguration } from './access-log-configuration.ts';
import type { MetricsConfiguration, PingConfiguration } from './metrics-configuration.ts';
import type { TcpServersTransportConfiguration } from './tcp-configuration.ts';
import type { OcspConfiguration, RouterTlsConfiguration, TransportTlsConfiguration } from './tls-configuration.ts';

/** Milliseconds, possibly fractional (`2us` is 0.002). */
export type DurationMs = number;

export interface StaticConfiguration {
  readonly entryPoints: Readonly<Record<string, EntryPointConfiguration>>;
  readonly providers: ProvidersConfiguration;
  readonly serversTransport: ServersTransportConfiguration;
  readonly tcpServersTransport: TcpServersTransportConfiguration;
  readonly log: LogConfiguration;
  /** Undefined: there is no access log. */
  readonly accessLog?: AccessLogConfiguration;
  readonly metrics: MetricsConfiguration;
  /** Undefined: there is no such page. */
  readonly ping?: PingConfiguration;
  /** Undefined: nothing is stapled. */
  readonly ocsp?: OcspConfiguration;
  /** Number of worker processes; 0 means one per core. Our extension. */
  readonly workers: number;
  /** Our extension. */
  readonly limits: { /** 0: none. */ readonly maxBufferedBytesPerWorker: number };
  readonly validation: { /** Our extension; default `error`. */ readonly unknownKeys: 'error' | 'warn' };
}

export interface EntryPointConfiguration {
  /** `[host]:port[/tcp|/udp]`. */
  readonly address: string;
  readonly reusePort: boolean;
  readonly asDefault: boolean;
  readonly transport: {
    readonly lifeCycle: {
      readonly requestAcceptGraceTimeout: DurationMs;
      readonly graceTimeOut: DurationMs;
      /** Undefined: as `graceTimeOut`. */
      readonly tunnelGraceTimeOut?: DurationMs | undefined;
    };
    readonly respondingTimeouts: {
      readonly readTimeout: DurationMs;
      /** 0: as `readTimeout`. Our extension. */
      readonly readHeaderTimeout: DurationMs;
      readonly writeTimeout: DurationMs;
      readonly idleTimeout: DurationMs;
    };
    readonly keepAliveMaxTime: DurationMs;
    readonly keepAliveMaxRequests: number;
    readonly limits: EntryPointLimits;
  };
  readonly forwardedHeaders: {
    readonly insecure: boolean;
    /** IPs or CIDRs, validated. */
    readonly trustedIPs: readonly string[];
    readonly connection: readonly string[];
    readonly notAppendXForwardedFor: boolean;
    readonly addXForwardedSchemeHeaders: boolean;
  };
  /** Default for the routers on it, and what holds for requests without a router. */
  readonly observability: { readonly accessLogs: boolean; readonly metrics: boolean };
  readonly http2: EntryPointHttp2;
  /** Of effect on UDP entry points only. */
  readonly udp: {
    /** Idle flows end. */
    readonly timeout: DurationMs;
    /** Bytes to a client for each byte of its first datagram; 0: no limit. Our extension. */
    readonly maxAmplification: number;
  };
  /** Undefined: a PROXY header is no header. */
  readonly proxyProtocol?: EntryPointProxyProtocol | undefined;
  /** How bytes of TCP connections are passed on. Our extension. */
  readonly relay: 'auto' | 'copy' | 'splice';
  readonly http: {
    /** Qualified names (`name@provider`). */
    readonly middlewares: readonly string[];
    readonly encodeQuerySemicolons: boolean;
    readonly sanitizePath: boolean;
    readonly maxHeaderBytes: number;
    /** Our extensions. */
    readonly maxHeaderFields: number;
    readonly maxTargetBytes: number;
    readonly underscoreHeadersStrategy: 'keep' | 'delete' | 'reject';
    /** Undefined when the section is absent: nothing is checked. */
    readonly encodedCharacters?: EncodedCharactersConfiguration;
    /** For routers on it that say nothing of TLS; undefined: those take plain requests. */
    readonly tls?: RouterTlsConfiguration;
    readonly redirections?: RedirectionsConfiguration;
  };
}

/** At least one of the two says something. */
export interface EntryPointProxyProtocol {
  /** IPs or CIDRs, validated. */
  readonly trustedIPs: readonly string[];
  /** Believe everyone. */
  readonly insecure: boolean;
}

export interface RedirectionsConfiguration {
  readonly entryPoint?: {
    /** Name of an entry point, or `:port`. */
    readonly to: string;
    readonly scheme: string;
    readonly permanent: boolean;
    /** As of routers. */
    readonly priority: bigint;
  };
}

/** Our extension; 0: no limit. Counts are over all workers. */
export interface EntryPointLimits {
  readonly maxConnections: number;
  readonly maxConnectionsPerClient: number;
  readonly minReceiveBytesPerSecond: number;
  readonly minSendBytesPerSecond: number;
  readonly slowClientGrace: DurationMs;
}

export interface EntryPointHttp2 {
  /** 0: the default, here and in the next two. */
  readonly maxConcurrentStreams: number;
  /** Bytes, as the next one. */
  readonly maxDecoderHeaderTableSize: number;
  readonly maxEncoderHeaderTableSize: number;
  readonly limits: Http2Limits;
}

/** Our extension: what a client may ask of one connection. */
export interface Http2Limits {
  readonly resets: Http2Rate;
  readonly refusedStreams: Http2Rate;
  readonly settings: Http2Rate;
  readonly pings: Http2Rate;
  readonly emptyData: Http2Rate;
  readonly emptyHeaders: Http2Rate;
  readonly priorities: Http2Rate;
  readonly windowUpdates: Http2Rate;
  readonly tinyWindowUpdates: Http2Rate;
  readonly ignoredFrames: Http2Rate;
  readonly tinyIncrementBytes: number;
  readonly stallTime: DurationMs;
  readonly stallProgressBytes: number;
  readonly unsentBytesMax: number;
  readonly continuationsMax: number;
  readonly settingsMax: number;
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
}

export interface Http2Rate {
  readonly burst: number;
  readonly perSecond: number;
}

export interface EncodedCharactersConfiguration {
  readonly allowEncodedSlash: boolean;
  readonly allowEncodedBackSlash: boolean;
  readonly allowEncodedNullCharacter: boolean;
  readonly allowEncodedSemicolon: boolean;
  readonly allowEncodedPercent: boolean;
  readonly allowEncodedQuestionMark: boolean;
  readonly allowEncodedHash: boolean;
}

export interface ProvidersConfiguration {
  readonly providersThrottleDuration: DurationMs;
  /** Provider names, lower case, best first. */
  readonly precedence: readonly string[];
  readonly file?: FileProviderConfiguration;
}

export interface FileProviderConfiguration {
  readonly filename?: string;
  readonly directory?: string;
  readonly watch: boolean;
}

/** Shared by the static `serversTransport` and the dynamic `http.serversTransports.<name>`. */
export interface ServersTransportConfiguration extends TransportTlsConfiguration {
  /** Idle connections kept per server by one worker; negative: no reuse. */
  readonly maxIdleConnsPerHost: number;
  /** Our extension; over all workers; 0: no limit. */
  readonly maxConnsPerServer: number;
  /** Our extension; over all workers; 0: none waits. */
  readonly maxQueuedPerServer: number;
  readonly forwardingTimeouts: {
    readonly dialTimeout: DurationMs;
    /** Our extension; 0: no limit. */
    readonly queueTimeout: DurationMs;
    readonly responseHeaderTimeout: DurationMs;
    readonly idleConnTimeout: DurationMs;
    /** HTTP/2: silence after which a sign of life is asked for. Absent or 0: never; the static transport has no such key. */
    readonly readIdleTimeout?: DurationMs;
    /** How long the answer may take. Absent: as if `readIdleTimeout` were 0. */
    readonly pingTimeout?: DurationMs;
  };
  /** Servers with `https` are spoken to in HTTP/1 only. Absent: false; the static transport has no such key. */
  readonly disableHTTP2?: boolean;
}

export interface LogConfiguration {
  readonly level: 'TRACE' | 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' | 'FATAL' | 'PANIC';
  readonly format: 'common' | 'json';
  /** Empty: standard output. */
  readonly filePath: string;
}
