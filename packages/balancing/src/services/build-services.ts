// Services by name, made from what a configuration says of them: each once, children before those they are part of. What contains
// itself, goes too deep or names what is not there is refused by name, alone: others are made. Not on the hot path.

import type { RandomSource } from '../picker.ts';
import { type BalancedService, SERVICE_DEPTH_MAX } from './balanced-service.ts';
import { FailoverService } from './failover-service.ts';
import { WeightedService } from './weighted-service.ts';

export type ServiceDefinition<Server> =
  | { readonly kind: 'servers'; readonly service: BalancedService<Server> }
  | { readonly kind: 'weighted'; readonly children: readonly { readonly name: string; readonly weight: number }[] }
  | { readonly kind: 'failover'; readonly service: string; readonly fallback: string };

/** Why a service is not there. `service` is the one at fault, which may be a part of the one that was asked for. */
export interface ServiceProblem {
  readonly service: string;
  readonly problem: 'missing' | 'contains itself' | 'nested too deep';
}

export class ServiceBuilder<Server> {
  private readonly definitions: ReadonlyMap<string, ServiceDefinition<Server>>;
  private readonly random: RandomSource;
  private readonly made = new Map<string, BalancedService<Server> | ServiceProblem>();
  /** Names on the way down to the one being made. */
  private readonly path = new Set<string>();

  constructor(definitions: ReadonlyMap<string, ServiceDefinition<Server>>, random: RandomSource = Math.random) {
    this.definitions = definitions;
    this.random = random;
  }

  /** The same object for each call with the same name. */
  obtain(name: string): BalancedService<Server> | ServiceProblem {
    const known = this.made.get(name);
    if (known !== undefined) return known;
    if (this.path.has(name)) return { service: name, problem: 'contains itself' };
    // Also what keeps a long chain from using up the stack.
    if (this.path.size >= SERVICE_DEPTH_MAX) return { service: name, problem: 'nested too deep' };
    this.path.add(name);
    const service = this.make(name);
    this.path.delete(name);
    // On the way, a problem may be that of the way: another one may lead to the same service.
    if (!isProblem(service) || this.path.size === 0) this.made.set(name, service);
    return service;
  }

  private make(name: string): BalancedService<Server> | ServiceProblem {
    const definition = this.definitions.get(name);
    switch (definition?.kind) {
      case undefined:
        return { service: name, problem: 'missing' };
      case 'servers':
        return definition.service;
      case 'failover': {
        const main = this.obtain(definition.service);
        if (isProblem(main)) return main;
        const fallback = this.obtain(definition.fallback);
        if (isProblem(fallback)) return fallback;
        return isTooDeep(main, fallback)
          ? { service: name, problem: 'nested too deep' }
          : new FailoverService(main, fallback);
      }
      case 'weighted': {
        const children: { service: BalancedService<Server>; weight: number }[] = [];
        for (const child of definition.children) {
          const service = this.obtain(child.name);
          if (isProblem(service)) return service;
          children.push({ service, weight: child.weight });
        }
        return isTooDeep(...children.map(({ service }) => service))
          ? { service: name, problem: 'nested too deep' }
          : new WeightedService(children, this.random);
      }
    }
  }
}

export function isProblem(made: object): made is ServiceProblem {
  return 'problem' in made;
}

function isTooDeep(...services: readonly { readonly depth: number }[]): boolean {
  return services.some(({ depth }) => depth >= SERVICE_DEPTH_MAX);
}
