// Resolves the TCP and UDP objects of a configuration for a snapshot plan: references, tables of entry points, priorities, order. A
// router that cannot be used is left out with one diagnostic. One whose TLS options cannot be used stays, to close what it matches.

import {
  DEFAULT_TLS_OPTIONS,
  defaultEntryPoints,
  type TcpRouterConfiguration,
  tcpEntryPoints,
  type UdpRouterConfiguration,
  udpEntryPoints,
} from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { RuleSyntaxError } from '../rule/rule-syntax-error.ts';
import type { TcpRouterTls } from '../snapshot/stream-records.ts';
import { canonicalJson } from './canonical-json.ts';
import type { CompilationSettings, CompilationTls } from './compilation-input.ts';
import { type CompiledRule, tryCompileRule } from './compiled-rule.ts';
import type {
  ConfigurationObjects,
  PlannedTcpRouter,
  PlannedUdpRouter,
  StreamRouterSource,
} from './configuration-objects.ts';
import { compareRouters, compareUdpRouters, providerRanks } from './router-order.ts';
import { missingTls } from './router-rule-problems.ts';
import { ruleMessage } from './rule-message.ts';
import type { MiddlewarePlan } from './snapshot-plan.ts';
import type { EntryPointStreams, StreamPlan } from './stream-plan.ts';
import { type StreamServiceTable, TransportTable, tcpServiceTable, udpServiceTable } from './stream-service-table.ts';

type StreamProtocol = 'tcp' | 'udp';

export interface StreamPlanInput extends CompilationSettings {
  readonly objects: ConfigurationObjects;
  readonly statusRow: (key: string) => number;
  readonly tls?: CompilationTls;
}

export class StreamPlanBuilder {
  readonly diagnostics: Diagnostic[] = [];
  routersUsed = 0;
  routersRefused = 0;
  readonly plan: StreamPlan;
  private readonly input: StreamPlanInput;
  private readonly names: readonly string[];
  private readonly ofProtocol: Readonly<Record<StreamProtocol, ReadonlySet<string>>>;
  private readonly defaults: Readonly<Record<StreamProtocol, readonly string[]>>;
  private readonly rankOf: (qualifiedName: string) => number;
  private readonly middlewares = new Map<string, number>();
  private readonly tcp: PlannedTcpRouter[][];
  private readonly udp: PlannedUdpRouter[][];

  constructor(input: StreamPlanInput) {
    const { objects, entryPoints, providerPrecedence, statusRow } = input;
    this.input = input;
    this.names = Object.keys(entryPoints);
    this.ofProtocol = { tcp: new Set(tcpEntryPoints(entryPoints)), udp: new Set(udpEntryPoints(entryPoints)) };
    this.defaults = { tcp: defaultEntryPoints(entryPoints), udp: udpEntryPoints(entryPoints) };
    this.rankOf = providerRanks(providerPrecedence);
    const { length } = this.names;
    this.tcp = Array.from({ length: 2 * length }, () => []);
    this.udp = Array.from({ length }, () => []);
    const tcpMiddlewares = this.planMiddlewares();
    const transports = new TransportTable(
      objects.tcpTransports,
      input.defaultTcpServersTransport ?? BUILT_IN_TRANSPORT,
    );
    const tcpServices = tcpServiceTable(objects.tcpServices, transports, statusRow);
    const udpServices = udpServiceTable(objects.udpServices, statusRow);
    this.diagnostics.push(...tcpServices.diagnostics, ...udpServices.diagnostics);
    for (const [name, source] of objects.tcpRouters) this.count(this.addTcp(name, source, tcpServices));
    for (const [name, source] of objects.udpRouters) this.count(this.addUdp(name, source, udpServices));
    for (const list of this.tcp) list.sort(compareRouters);
    for (const list of this.udp) list.sort(compareUdpRouters);
    this.warnOfHiddenSessions();
    this.plan = {
      tcpRouters: this.tcp.flat(),
      udpRouters: this.udp.flat(),
      tcpMiddlewares,
      tcpServices: tcpServices.plans,
      udpServices: udpServices.plans,
      tcpTransports: transports.plans,
    };
  }

  /** @param entryPoint its index @param https what routers of HTTPS there are on it */
  tablesOf(entryPoint: number, https: { readonly isUsed: boolean; readonly hasCatchAll: boolean }): EntryPointStreams {
    const indices = this.indicesOf(entryPoint);
    const { plainIndex, tlsIndex } = indices;
    const hasTlsRoutes = tlsIndex !== -1 || https.isUsed;
    const matchesAtOnce = plainIndex !== -1 && !hasTlsRoutes;
    return { ...indices, hasTlsRoutes, matchesAtOnce, hasHttpsCatchAll: https.hasCatchAll };
  }

  /** @param entryPoint its index */
  indicesOf(entryPoint: number): Pick<EntryPointStreams, 'plainIndex' | 'tlsIndex' | 'udpIndex'> {
    const { length } = this.names;
    const used = (list: readonly unknown[], index: number) => (list.length === 0 ? -1 : index);
    return {
      plainIndex: used(this.tcp[entryPoint]!, 2 * length + entryPoint),
      tlsIndex: used(this.tcp[length + entryPoint]!, 3 * length + entryPoint),
      udpIndex: used(this.udp[entryPoint]!, 4 * length + entryPoint),
    };
  }

  private count(isUsed: boolean): void {
    if (isUsed) this.routersUsed++;
    else this.routersRefused++;
  }

  private planMiddlewares(): MiddlewarePlan[] {
    const plans: MiddlewarePlan[] = [];
    for (const [name, source] of this.input.objects.tcpMiddlewares) {
      source.optionsJson ??= canonicalJson(source.configuration.options);
      this.middlewares.set(name, plans.length);
      plans.push({ name, type: source.configuration.type, optionsJson: source.optionsJson });
    }
    return plans;
  }

  private addTcp(
    name: string,
    source: StreamRouterSource<TcpRouterConfiguration, PlannedTcpRouter>,
    services: StreamServiceTable,
  ): boolean {
    const object = `tcp.routers.${name}`;
    const router = source.configuration;
    source.rule ??= tryCompileRule(router.rule, 'tcp');
    const { rule } = source;
    if (rule instanceof RuleSyntaxError) return this.refuse(object, 'CONFIG_RULE', ruleMessage(rule));
    const unsuitable = router.tls === undefined ? missingTls(rule) : undefined;
    if (unsuitable !== undefined) return this.refuse(object, 'CONFIG_RULE', unsuitable);
    const missing = router.middlewares.find((middleware) => !this.middlewares.has(middleware));
    if (missing !== undefined) {
      return this.refuse(object, 'CONFIG_REFERENCE', `the middleware "${missing}" does not exist or cannot be used`);
    }
    const service = this.serviceOf(router.service, object, services);
    const entryPoints = this.entryPointsOf('tcp', router.entryPoints, object);
    if (service === -1 || entryPoints.length === 0) return false;
    const tls = this.tlsOf(name, router);
    const first = (tls === 'none' ? 2 : 3) * this.names.length;
    const known = source.planned;
    source.planned = entryPoints.map((entryPoint) =>
      reused(known, {
        ...this.ordered(name, router.priority, rule),
        matchIndex: first + entryPoint,
        service,
        tls,
        tlsOptions: tls === 'terminate' ? router.tls?.options || DEFAULT_TLS_OPTIONS : '',
        middlewares: router.middlewares.map((middleware) => this.middlewares.get(middleware)!),
      }),
    );
    for (const planned of source.planned) this.tcp[planned.matchIndex - 2 * this.names.length]!.push(planned);
    return true;
  }

  private addUdp(
    name: string,
    source: StreamRouterSource<UdpRouterConfiguration, PlannedUdpRouter>,
    services: StreamServiceTable,
  ): boolean {
    const object = `udp.routers.${name}`;
    const router = source.configuration;
    source.rule ??= tryCompileRule(router.rule, 'udp');
    const { rule } = source;
    if (rule instanceof RuleSyntaxError) return this.refuse(object, 'CONFIG_RULE', ruleMessage(rule));
    const service = this.serviceOf(router.service, object, services);
    const entryPoints = this.entryPointsOf('udp', router.entryPoints, object);
    if (service === -1 || entryPoints.length === 0) return false;
    const first = 4 * this.names.length;
    const known = source.planned;
    source.planned = entryPoints.map((entryPoint) =>
      reused(known, {
        ...this.ordered(name, router.priority, rule),
        matchIndex: first + entryPoint,
        service,
      }),
    );
    for (const planned of source.planned) this.udp[planned.matchIndex - first]!.push(planned);
    return true;
  }

  private ordered(name: string, priority: bigint, rule: CompiledRule) {
    const computed = rule.isCatchAll ? -1n : BigInt(rule.byteLength);
    return {
      name,
      qualifiedName: name,
      rule,
      priority: priority === 0n ? computed : priority,
      providerRank: this.rankOf(name),
    };
  }

  private tlsOf(name: string, { tls }: TcpRouterConfiguration): TcpRouterTls {
    if (tls === undefined) return 'none';
    if (tls.passthrough) return 'passthrough';
    // Whoever found that its options cannot be used has reported it.
    return this.input.tls?.unusable.tcpRouters?.has(name) === true ? 'closed' : 'terminate';
  }

  private serviceOf(name: string, object: string, services: StreamServiceTable): number {
    const service = services.find(name);
    if (service === -1) {
      this.refuse(object, 'CONFIG_REFERENCE', `the service "${name}" does not exist or cannot be used`);
    }
    return service;
  }

  /** Indices, each once. */
  private entryPointsOf(protocol: StreamProtocol, written: readonly string[], object: string): number[] {
    const names = written.length === 0 ? this.defaults[protocol] : [...new Set(written)];
    const known = names.filter((name) => this.ofProtocol[protocol].has(name));
    const kind = protocol.toUpperCase();
    if (names.length === 0) this.refuse(object, 'CONFIG_REFERENCE', `there is no entry point for ${kind}`);
    for (const name of names) {
      if (this.ofProtocol[protocol].has(name)) continue;
      const remain = known.length > 0;
      const message = `there is no entry point "${name}" for ${kind}${remain ? '; the others are used' : ''}`;
      const severity = remain ? 'warning' : 'error';
      this.diagnostics.push({ code: 'CONFIG_REFERENCE', severity, message, object });
    }
    return known.map((name) => this.names.indexOf(name));
  }

  /** Several routers of UDP for every session: the reference warns too, and takes one of them. */
  private warnOfHiddenSessions(): void {
    this.udp.forEach((routers, entryPoint) => {
      const first = routers.findIndex(({ rule }) => rule.isCatchAll);
      if (first === -1) return;
      for (const { qualifiedName } of routers.slice(first + 1)) {
        const name = this.names[entryPoint];
        const message = `it gets nothing on the entry point "${name}": "${routers[first]!.name}" takes every session there`;
        const object = `udp.routers.${qualifiedName}`;
        this.diagnostics.push({ code: 'CONFIG_CONFLICT', severity: 'warning', message, object });
      }
    });
  }

  private refuse(object: string, code: Diagnostic['code'], message: string): false {
    this.diagnostics.push({ code, severity: 'error', message, object });
    return false;
  }
}

/** The same object as before when nothing has changed: what a writer keeps beside it stays of use. */
function reused<Planned extends PlannedTcpRouter | PlannedUdpRouter>(
  known: readonly Planned[],
  wanted: Planned,
): Planned {
  const last = known.find(({ matchIndex }) => matchIndex === wanted.matchIndex);
  return last !== undefined && isSame(last, wanted) ? last : wanted;
}

/** The rest follows from the configuration, with which what is known goes. */
function isSame(a: PlannedTcpRouter | PlannedUdpRouter, b: PlannedTcpRouter | PlannedUdpRouter): boolean {
  if (a.service !== b.service) return false;
  if (!('tls' in a && 'tls' in b)) return true;
  return a.tls === b.tls && a.middlewares.join() === b.middlewares.join();
}

/** Of use where no static configuration is known; as `tcpServersTransport` without any key. */
const BUILT_IN_TRANSPORT = { dialTimeout: 30_000, dialKeepAlive: 15_000, terminationDelay: 100 };
