// Resolves a configuration into a snapshot plan: entry-point models, references, priorities, order. Pure apart from the
// caches it is given. An object that cannot be used is left out with one diagnostic; the rest is compiled.

import { emptyRouted, qualifyName, type RouterConfiguration } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { RuleSyntaxError } from '../rule/rule-syntax-error.ts';
import { canonicalJson } from './canonical-json.ts';
import type { CompilationInput, CompilationSettings, CompilationTls } from './compilation-input.ts';
import { type CompiledRule, tryCompileRule } from './compiled-rule.ts';
import { ConfigurationObjects, type PlannedRouter, type RouterSource } from './configuration-objects.ts';
import { type EntryPointModel, EntryPointModels, middlewareNames, routerNameOn } from './entry-point-model.ts';
import { MiddlewareTable } from './middleware-table.ts';
import { observedSignals } from './observed-signals.ts';
import { compareRouters, providerOf, providerRanks } from './router-order.ts';
import { ruleMessage } from './rule-message.ts';
import { PLAIN, SecuredRouters } from './secured-routers.ts';
import { ServiceTable } from './service-table.ts';
import type { EntryPointPlan, SnapshotPlan } from './snapshot-plan.ts';
import { StreamPlanBuilder } from './stream-plan-builder.ts';

const NO_MIDDLEWARES: readonly number[] = [];

export interface BuiltPlan {
  readonly plan: SnapshotPlan;
  readonly diagnostics: readonly Diagnostic[];
  /** Configured routers that can be reached, each counted once. */
  readonly routersUsed: number;
  /** Configured routers that were left out. */
  readonly routersRefused: number;
}

export interface PlanInput extends CompilationSettings {
  readonly revision: number;
  readonly objects: ConfigurationObjects;
  readonly statusRow: (key: string) => number;
  readonly tls?: CompilationTls;
}

export function buildPlan({ http, tcp, udp, ...input }: CompilationInput): BuiltPlan {
  const objects = new ConfigurationObjects();
  const none = emptyRouted();
  objects.put({ http, tcp: tcp ?? none.tcp, udp: udp ?? none.udp });
  return buildPlanOf({ ...input, objects });
}

/** Uses and renews what is kept beside the objects; settings must be the same in every call with the same objects. */
export function buildPlanOf(input: PlanInput): BuiltPlan {
  return new PlanBuilder(input).build();
}

/** What a router is on one entry point. */
interface RouterPlace {
  readonly model: EntryPointModel;
  readonly routerName: string;
  readonly middlewares: readonly number[];
  /** What it asks for. */
  readonly tlsOptions: string;
}

class PlanBuilder {
  private readonly input: PlanInput;
  private readonly models: EntryPointModels;
  private readonly middlewares: MiddlewareTable;
  private readonly services: ServiceTable;
  private readonly secured: SecuredRouters;
  private readonly streams: StreamPlanBuilder;
  private readonly rankOf: (qualifiedName: string) => number;
  private readonly diagnostics: Diagnostic[] = [];
  /** One list for each match index: plain requests of every entry point, then those over TLS. */
  private readonly routers: PlannedRouter[][];

  constructor(input: PlanInput) {
    const { objects, entryPoints, providerPrecedence, defaultServersTransport, statusRow, tls } = input;
    this.input = input;
    this.models = new EntryPointModels(entryPoints);
    this.middlewares = new MiddlewareTable(objects.middlewares);
    this.services = new ServiceTable(objects, defaultServersTransport, statusRow);
    this.rankOf = providerRanks(providerPrecedence);
    const { length } = this.models.models;
    this.secured = new SecuredRouters(length, tls);
    this.streams = new StreamPlanBuilder(input);
    this.routers = Array.from({ length: 2 * length }, () => []);
  }

  build(): BuiltPlan {
    let { routersUsed, routersRefused } = this.streams;
    this.checkEntryPoints();
    for (const [name, source] of this.input.objects.routers) {
      if (this.addRouter(name, source)) routersUsed++;
      else routersRefused++;
    }
    for (const list of this.routers) list.sort(compareRouters);
    const entryPoints = this.models.models.map((model) => this.planEntryPoint(model));
    const plan: SnapshotPlan = {
      revision: this.input.revision,
      entryPoints,
      routers: this.routers.flat(),
      middlewares: this.middlewares.plans,
      services: this.services.plans,
      serversTransports: this.services.transports,
      ...this.streams.plan,
    };
    const ofTables = [this.middlewares, this.services, this.secured, this.streams].flatMap(
      (table) => table.diagnostics,
    );
    const diagnostics = [...ofTables, ...this.diagnostics];
    return { plan, diagnostics, routersUsed, routersRefused };
  }

  /** Once its routers are known and sorted; may replace them. */
  private planEntryPoint(model: EntryPointModel): EntryPointPlan {
    const matchIndex = this.securedIndex(model);
    const keepsHosts = this.streams.indicesOf(model.index).tlsIndex !== -1;
    const { tls, routers, isUsed, hasCatchAll } = this.secured.settle(model, this.routers[matchIndex]!, keepsHosts);
    this.routers[matchIndex] = routers;
    const configurationJson = canonicalJson(this.input.entryPoints[model.name]);
    const securedIndex = routers.length === 0 ? -1 : matchIndex;
    const streams = this.streams.tablesOf(model.index, { isUsed, hasCatchAll });
    return { name: model.name, configurationJson, securedIndex, tls, streams };
  }

  private securedIndex({ index }: EntryPointModel): number {
    return this.models.models.length + index;
  }

  /** An entry point whose own middlewares do not resolve must not serve requests without them. */
  private checkEntryPoints(): void {
    for (const { name, middlewares } of this.models.models) {
      for (const middleware of middlewares) {
        if (!middleware.includes('@') || this.middlewares.find(middleware) !== undefined) continue;
        const message = `the middleware "${middleware}" does not exist or cannot be used; no router is reachable here`;
        this.refuse(`entryPoints.${name}`, 'CONFIG_REFERENCE', message);
      }
    }
  }

  private addRouter(name: string, source: RouterSource): boolean {
    const object = `http.routers.${name}`;
    const router = source.configuration;
    source.rule ??= tryCompileRule(router.rule);
    if (source.rule instanceof RuleSyntaxError) return this.refuse(object, 'CONFIG_RULE', ruleMessage(source.rule));
    if (this.services.find(router.service) === -1) {
      return this.refuse(
        object,
        'CONFIG_REFERENCE',
        `the service "${router.service}" does not exist or cannot be used`,
      );
    }
    const own = router.middlewares.find(
      (middleware) => !this.middlewares.find(qualifyName(providerOf(name), middleware)),
    );
    if (own !== undefined) {
      return this.refuse(object, 'CONFIG_REFERENCE', `the middleware "${own}" does not exist or cannot be used`);
    }
    const { known, unknown } = this.models.of(router);
    for (const entryPoint of unknown) this.warnUnknownEntryPoint(object, entryPoint, known.length > 0);
    const planned: PlannedRouter[] = [];
    for (const model of known) {
      const middlewares = this.middlewaresOn(model, name, router);
      if (middlewares === undefined) continue;
      const tlsOptions = this.secured.optionsOf(model, name, router, source.rule);
      if (tlsOptions === undefined) continue;
      const place = { model, routerName: routerNameOn(model, name, known.length), middlewares, tlsOptions };
      planned.push(this.planRouter(name, source, source.rule, place));
    }
    for (const plan of planned) this.routers[plan.matchIndex]!.push(plan);
    source.planned = planned;
    return planned.length > 0;
  }

  private planRouter(
    qualifiedName: string,
    { configuration, planned }: RouterSource,
    rule: CompiledRule,
    { model, routerName, middlewares, tlsOptions }: RouterPlace,
  ): PlannedRouter {
    const service = this.services.find(configuration.service);
    const matchIndex = tlsOptions === PLAIN ? model.index : this.securedIndex(model);
    const last = planned.find((each) => each.matchIndex === matchIndex);
    const isSame = last?.service === service && last.tlsOptions === tlsOptions;
    if (isSame && equalLists(last.middlewares, middlewares)) return last;
    return {
      matchIndex,
      name: routerName,
      rule,
      priority: configuration.priority === 0n ? BigInt(rule.byteLength) : configuration.priority,
      middlewares,
      service,
      deniedEncodedCharacters: model.deniedEncodedCharacters,
      observedSignals: observedSignals(model.observability, configuration.observability),
      tlsOptions,
      providerRank: this.rankOf(qualifiedName),
      qualifiedName,
    };
  }

  /** Undefined, and reported, when one cannot be used. */
  private middlewaresOn(
    model: EntryPointModel,
    qualifiedName: string,
    router: RouterConfiguration,
  ): readonly number[] | undefined {
    if (model.middlewares.length + router.middlewares.length === 0) return NO_MIDDLEWARES;
    const middlewares: number[] = [];
    for (const name of middlewareNames(model, router, qualifiedName)) {
      const indices = this.middlewares.find(name);
      if (indices === undefined) {
        this.refuseUnqualified(model, qualifiedName, name);
        return undefined;
      }
      middlewares.push(...indices);
    }
    return middlewares;
  }

  /** Qualified middlewares of entry points were reported once; unqualified ones depend on the router. */
  private refuseUnqualified(model: EntryPointModel, qualifiedName: string, middleware: string): void {
    if (model.middlewares.includes(middleware)) return;
    const message = `the middleware "${middleware}" of the entry point "${model.name}" does not exist or cannot be used`;
    this.refuse(`http.routers.${qualifiedName}`, 'CONFIG_REFERENCE', message);
  }

  private warnUnknownEntryPoint(object: string, name: string, othersRemain: boolean): void {
    const message = `there is no entry point "${name}"${othersRemain ? '; the others are used' : ''}`;
    const severity = othersRemain ? 'warning' : 'error';
    this.diagnostics.push({ code: 'CONFIG_REFERENCE', severity, message, object });
  }

  private refuse(object: string, code: Diagnostic['code'], message: string): false {
    this.diagnostics.push({ code, severity: 'error', message, object });
    return false;
  }
}

function equalLists(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
