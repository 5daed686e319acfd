// A whole snapshot before it becomes bytes: objects in their order, referring to each other by index. Shapes only; what they
// mean to a worker is in the records of the same names.

import type { EntryPointTls } from '../tls/entry-point-tls.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { EntryPointStreams, StreamPlan } from './stream-plan.ts';

/** What a snapshot writer has made of an object; only the writer that made it may look at it. */
export interface WriterMemo {
  readonly owner: object;
}

export interface EntryPointPlan {
  readonly name: string;
  readonly configurationJson: string;
  /** Match index of requests over TLS; -1: no router takes them. That of plain requests is the entry point's own index. */
  readonly securedIndex: number;
  readonly tls: EntryPointTls;
  readonly streams: EntryPointStreams;
}

export interface RouterPlan {
  memo?: WriterMemo;
  /** What it is found under: index of an entry point, or the `securedIndex` of one. */
  readonly matchIndex: number;
  /** As in RouterRecord. */
  readonly name: string;
  readonly rule: CompiledRule;
  /** Computed: never the 0 that stands for the rule's length. */
  readonly priority: bigint;
  /** Indices in `middlewares`. */
  readonly middlewares: readonly number[];
  /** Index in `services`. */
  readonly service: number;
  readonly deniedEncodedCharacters: number;
  /** As in RouterRecord. */
  readonly observedSignals: number;
  /** As in RouterRecord. */
  readonly tlsOptions: string;
}

export interface MiddlewarePlan {
  readonly name: string;
  readonly type: string;
  readonly optionsJson: string;
}

export interface ServicePlan {
  memo?: WriterMemo;
  readonly name: string;
  readonly strategy: 'wrr' | 'p2c' | 'leastconn';
  readonly passHostHeader: boolean;
  /** Index in `serversTransports`. */
  readonly serversTransport: number;
  readonly servers: readonly ServerPlan[];
  readonly hash: string;
}

/** Fields as in ServerRecord; the rest of a record follows from the URL. */
export interface ServerPlan {
  readonly url: string;
  readonly weight: number;
  readonly preservePath: boolean;
  readonly statusRow: number;
}

/** Fields as in ServersTransportRecord. */
export interface ServersTransportPlan {
  readonly name: string;
  readonly maxIdleConnsPerHost: number;
  readonly maxConnsPerServer: number;
  readonly maxQueuedPerServer: number;
  readonly dialTimeoutMs: number;
  readonly responseHeaderTimeoutMs: number;
  readonly idleConnTimeoutMs: number;
  readonly queueTimeoutMs: number;
  readonly readIdleTimeoutMs: number;
  readonly pingTimeoutMs: number;
  readonly disableHttp2: boolean;
  readonly hash: string;
}

export interface SnapshotPlan extends StreamPlan {
  /** 0 to 2^53-1. */
  readonly revision: number;
  readonly entryPoints: readonly EntryPointPlan[];
  /** By match index, then in evaluation order. */
  readonly routers: readonly RouterPlan[];
  readonly middlewares: readonly MiddlewarePlan[];
  readonly services: readonly ServicePlan[];
  readonly serversTransports: readonly ServersTransportPlan[];
}
