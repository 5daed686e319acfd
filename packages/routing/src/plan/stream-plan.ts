// The TCP and UDP part of a snapshot before it becomes bytes: objects in their order, referring to each other by index. Shapes only;
// what they mean to a worker is in the records of the same names.

import type { TcpRouterTls, TcpTables } from '../snapshot/stream-records.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { MiddlewarePlan, WriterMemo } from './snapshot-plan.ts';

/** What connections and sessions of an entry point are matched on. */
export interface EntryPointStreams extends TcpTables {
  readonly udpIndex: number;
}

export const NO_STREAMS: EntryPointStreams = {
  plainIndex: -1,
  tlsIndex: -1,
  udpIndex: -1,
  hasTlsRoutes: false,
  matchesAtOnce: false,
  hasHttpsCatchAll: false,
};

interface StreamRouterPlan {
  memo?: WriterMemo;
  readonly matchIndex: number;
  /** Qualified. */
  readonly name: string;
  readonly rule: CompiledRule;
  /** Computed: never the 0 that stands for the rule's length. */
  readonly priority: bigint;
  /** Index of a service of the same protocol. */
  readonly service: number;
}

export interface TcpRouterPlan extends StreamRouterPlan {
  readonly tls: TcpRouterTls;
  readonly tlsOptions: string;
  /** Indices in `tcpMiddlewares`. */
  readonly middlewares: readonly number[];
}

export type UdpRouterPlan = StreamRouterPlan;

/** What does not change with the numbering of other objects. */
export interface ServiceText {
  memo?: WriterMemo;
  readonly name: string;
  readonly hash: string;
  /** The record, less name, hash, and what is given by number. */
  readonly json: string;
}

export interface StreamServicePlan {
  readonly text: ServiceText;
  /** Index in `tcpTransports`; -1: none. */
  readonly transport: number;
  /** Indices of services of the same protocol. */
  readonly children: readonly number[];
}

export interface StreamPlan {
  /** By match index, then in evaluation order. */
  readonly tcpRouters: readonly TcpRouterPlan[];
  readonly udpRouters: readonly UdpRouterPlan[];
  readonly tcpMiddlewares: readonly MiddlewarePlan[];
  readonly tcpServices: readonly StreamServicePlan[];
  readonly udpServices: readonly StreamServicePlan[];
  readonly tcpTransports: readonly ServiceText[];
}

export const NO_STREAM_OBJECTS: StreamPlan = {
  tcpRouters: [],
  udpRouters: [],
  tcpMiddlewares: [],
  tcpServices: [],
  udpServices: [],
  tcpTransports: [],
};
