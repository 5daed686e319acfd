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
import { reused } from './reused.ts';
import { compareRouters, compareUdpRouters, providerRanks } from './router-order.ts';
import { missingTls } from './router-rule-problems.ts';
import { ruleMessage } from './rule-message.ts';
import type { MiddlewarePlan } from './snapshot-plan.ts';
import type { EntryPointStreams, StreamPlan } from './stream-plan.ts';
import { type StreamServiceTable, TransportTable, tcpServiceTable, udpServiceTable } from './stream-service-table.ts';

type StreamProtocol = 'tcp' | 'udp';
type Problem = Pick<Diagnostic, 'code' | 'message'>;

type OrderedStream = Pick<PlannedTcpRouter, 'name' | 'qualifiedName' | 'rule'>;

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
    this.names.forEach((_, entryPoint) => {
      this.warnOfHidden('tcp', entryPoint, this.tcp[entryPoint]!, 'every connection without TLS');
      this.warnOfHidden(
        'tcp',
        entryPoint,
        this.tcp[length + entryPoint]!,
        'every connection over TLS that comes to it',
      );
      this.warnOfHidden('udp', entryPoint, this.udp[entryPoint]!, 'every flow');
    });
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
    const router = source.configuration;
    const usable = this.usable('tcp', name, source, services, (rule) => this.tcpProblem(router, rule));
    if (usable === undefined) return false;
    const tls = this.tlsOf(name, router);
    const tlsOptions = tls === 'terminate' ? router.tls?.options || DEFAULT_TLS_OPTIONS : '';
    const middlewares = router.middlewares.map((middleware) => this.middlewares.get(middleware)!);
    const first = (tls === 'none' ? 2 : 3) * this.names.length;
    source.planned = usable.entryPoints.map((entryPoint) =>
      reused(source.planned, { ...usable.plan, matchIndex: first + entryPoint, tls, tlsOptions, middlewares }),
    );
    for (const planned of source.planned) this.tcp[planned.matchIndex - 2 * this.names.length]!.push(planned);
    return true;
  }

  private addUdp(
    name: string,
    source: StreamRouterSource<UdpRouterConfiguration, PlannedUdpRouter>,
    services: StreamServiceTable,
  ): boolean {
    const usable = this.usable('udp', name, source, services, () => undefined);
    if (usable === undefined) return false;
    const first = 4 * this.names.length;
    source.planned = usable.entryPoints.map((entryPoint) =>
      reused(source.planned, { ...usable.plan, matchIndex: first + entryPoint }),
    );
    for (const planned of source.planned) this.udp[planned.matchIndex - first]!.push(planned);
    return true;
  }

  /** What routers of both protocols need; undefined, and reported, when it is not there. @param problem of one protocol alone */
  private usable(
    protocol: StreamProtocol,
    name: string,
    source: StreamRouterSource<TcpRouterConfiguration | UdpRouterConfiguration>,
    services: StreamServiceTable,
    problem: (rule: CompiledRule) => Problem | undefined,
  ) {
    const object = `${protocol}.routers.${name}`;
    const router = source.configuration;
    source.rule ??= tryCompileRule(router.rule, protocol);
    const { rule } = source;
    if (rule instanceof RuleSyntaxError)
      return this.refuse(object, { code: 'CONFIG_RULE', message: ruleMessage(rule) });
    const found = problem(rule);
    if (found !== undefined) return this.refuse(object, found);
    const service = this.serviceOf(router.service, object, services);
    const entryPoints = this.entryPointsOf(protocol, router.entryPoints, object);
    if (service === -1 || entryPoints.length === 0) return undefined;
    return { entryPoints, plan: { ...this.ordered(name, router.priority, rule), service } };
  }

  private tcpProblem(router: TcpRouterConfiguration, rule: CompiledRule): Problem | undefined {
    const unsuitable = router.tls === undefined ? missingTls(rule) : undefined;
    if (unsuitable !== undefined) return { code: 'CONFIG_RULE', message: unsuitable };
    const missing = router.middlewares.find((middleware) => !this.middlewares.has(middleware));
    if (missing === undefined) return undefined;
    return { code: 'CONFIG_REFERENCE', message: `the middleware "${missing}" does not exist or cannot be used` };
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
      const message = `the service "${name}" does not exist or cannot be used`;
      this.refuse(object, { code: 'CONFIG_REFERENCE', message });
    }
    return service;
  }

  /** Indices, each once. */
  private entryPointsOf(protocol: StreamProtocol, written: readonly string[], object: string): number[] {
    const names = written.length === 0 ? this.defaults[protocol] : [...new Set(written)];
    const known = names.filter((name) => this.ofProtocol[protocol].has(name));
    const kind = protocol.toUpperCase();
    if (names.length === 0)
      this.refuse(object, { code: 'CONFIG_REFERENCE', message: `there is no entry point for ${kind}` });
    for (const name of names) {
      if (this.ofProtocol[protocol].has(name)) continue;
      const remain = known.length > 0;
      const message = `there is no entry point "${name}" for ${kind}${remain ? '; the others are used' : ''}`;
      const severity = remain ? 'warning' : 'error';
      this.diagnostics.push({ code: 'CONFIG_REFERENCE', severity, message, object });
    }
    return known.map((name) => this.names.indexOf(name));
  }

  /** Behind a router for everything others get nothing: the reference warns of those of UDP. */
  private warnOfHidden(
    protocol: StreamProtocol,
    entryPoint: number,
    routers: readonly OrderedStream[],
    what: string,
  ): void {
    const first = routers.findIndex(({ rule }) => rule.isCatchAll);
    if (first === -1) return;
    const name = this.names[entryPoint];
    for (const { qualifiedName } of routers.slice(first + 1)) {
      const message = `it gets nothing on the entry point "${name}": "${routers[first]!.name}" takes ${what} there`;
      const object = `${protocol}.routers.${qualifiedName}`;
      this.diagnostics.push({ code: 'CONFIG_CONFLICT', severity: 'warning', message, object });
    }
  }

  private refuse(object: string, { code, message }: Problem): undefined {
    this.diagnostics.push({ code, severity: 'error', message, object });
  }
}

/** Of use where no static configuration is known; as `tcpServersTransport` without any key. */
const BUILT_IN_TRANSPORT = { dialTimeout: 30_000, dialKeepAlive: 15_000, terminationDelay: 100 };
