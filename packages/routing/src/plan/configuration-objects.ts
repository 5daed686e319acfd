// The objects of a configuration by qualified name, each with what has been made of it so far. An object is replaced as
// a whole, never changed, so what is kept beside it stays right until the object goes.

import type {
  HttpConfiguration,
  MiddlewareConfiguration,
  RouterConfiguration,
  ServersTransportConfiguration,
  ServiceConfiguration,
} from '@sluice/config';
import type { RuleSyntaxError } from '../rule/rule-syntax-error.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { OrderedRouter } from './router-order.ts';
import type { RouterPlan, ServicePlan } from './snapshot-plan.ts';

export type PlannedRouter = RouterPlan & OrderedRouter;

export interface RouterSource {
  readonly configuration: RouterConfiguration;
  rule: CompiledRule | RuleSyntaxError | undefined;
  /** As planned last, one for each entry point. */
  planned: readonly PlannedRouter[];
}

export interface ServiceSource {
  readonly configuration: ServiceConfiguration;
  /** To be dropped when the status row of a server changes. */
  plan: ServicePlan | undefined;
  /** In the plan being built; -1: cannot be used. */
  index: number;
}

export interface MiddlewareSource {
  readonly configuration: MiddlewareConfiguration;
  optionsJson: string | undefined;
}

export class ConfigurationObjects {
  readonly routers = new Map<string, RouterSource>();
  readonly services = new Map<string, ServiceSource>();
  readonly middlewares = new Map<string, MiddlewareSource>();
  readonly serversTransports = new Map<string, ServersTransportConfiguration>();

  /** Adds or replaces. */
  put({ routers, services, middlewares, serversTransports }: HttpConfiguration): void {
    for (const name of Object.keys(routers)) {
      this.routers.set(name, { configuration: routers[name]!, rule: undefined, planned: [] });
    }
    for (const name of Object.keys(services)) {
      this.services.set(name, { configuration: services[name]!, plan: undefined, index: -1 });
    }
    for (const name of Object.keys(middlewares)) {
      this.middlewares.set(name, { configuration: middlewares[name]!, optionsJson: undefined });
    }
    for (const name of Object.keys(serversTransports)) this.serversTransports.set(name, serversTransports[name]!);
  }
}
