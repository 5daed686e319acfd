// Services by name or number, made from what a configuration says of them: each once, children before those they are part of. What contains
// itself, goes too deep or names what is not there is refused alone: others are made. Not on the hot path.

import type { RandomSource } from '../picker.ts';
import { type BalancedService, SERVICE_DEPTH_MAX } from './balanced-service.ts';
import { FailoverService } from './failover-service.ts';
import { WeightedService } from './weighted-service.ts';

/** `Key`: what services are found by, such as an index of a snapshot. Records of weighted and failover services are definitions. */
export type ServiceDefinition<Server, Key> =
  | { readonly kind: 'ready'; readonly service: BalancedService<Server> }
  | { readonly kind: 'weighted'; readonly children: readonly { readonly service: Key; readonly weight: number }[] }
  | { readonly kind: 'failover'; readonly service: Key; readonly fallback: Key };

export type DefinitionOf<Server, Key> = (key: Key) => ServiceDefinition<Server, Key> | undefined;

/** Why a service is not there. `service` is the one at fault, which may be a part of the one that was asked for. */
export interface ServiceProblem<Key> {
  readonly service: Key;
  readonly problem: 'missing' | 'contains itself' | 'nested too deep';
}

export class ServiceBuilder<Server, Key> {
  private readonly definitionOf: DefinitionOf<Server, Key>;
  private readonly random: RandomSource;
  private readonly made = new Map<Key, BalancedService<Server> | ServiceProblem<Key>>();
  /** On the way down to the one being made. */
  private readonly path = new Set<Key>();

  constructor(definitionOf: DefinitionOf<Server, Key>, random: RandomSource = Math.random) {
    this.definitionOf = definitionOf;
    this.random = random;
  }

  /** The same object for each call with the same key. */
  obtain(key: Key): BalancedService<Server> | ServiceProblem<Key> {
    const known = this.made.get(key);
    if (known !== undefined) return known;
    if (this.path.has(key)) return { service: key, problem: 'contains itself' };
    // Also what keeps a long chain from using up the stack.
    if (this.path.size >= SERVICE_DEPTH_MAX) return { service: key, problem: 'nested too deep' };
    this.path.add(key);
    const service = this.make(key);
    this.path.delete(key);
    // On the way, a problem may be that of the way: another one may lead to the same service.
    if (!isProblem(service) || this.path.size === 0) this.made.set(key, service);
    return service;
  }

  private make(key: Key): BalancedService<Server> | ServiceProblem<Key> {
    const definition = this.definitionOf(key);
    switch (definition?.kind) {
      case undefined:
        return { service: key, problem: 'missing' };
      case 'ready':
        return definition.service;
      case 'failover': {
        const main = this.obtain(definition.service);
        if (isProblem(main)) return main;
        const fallback = this.obtain(definition.fallback);
        if (isProblem(fallback)) return fallback;
        return isTooDeep(main, fallback)
          ? { service: key, problem: 'nested too deep' }
          : new FailoverService(main, fallback);
      }
      case 'weighted': {
        const children: { service: BalancedService<Server>; weight: number }[] = [];
        for (const child of definition.children) {
          const service = this.obtain(child.service);
          if (isProblem(service)) return service;
          children.push({ service, weight: child.weight });
        }
        return isTooDeep(...children.map(({ service }) => service))
          ? { service: key, problem: 'nested too deep' }
          : new WeightedService(children, this.random);
      }
    }
  }
}

export function isProblem<Key>(made: object): made is ServiceProblem<Key> {
  return 'problem' in made;
}

function isTooDeep(...services: readonly { readonly depth: number }[]): boolean {
  return services.some(({ depth }) => depth >= SERVICE_DEPTH_MAX);
}
