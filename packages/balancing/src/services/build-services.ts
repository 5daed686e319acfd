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

export interface ServiceBuilderOptions<Server, Key> {
  readonly random?: RandomSource;
  /** Gives one that was made before of the same definition and the same parts, with its turns; or what `make` does. */
  readonly keep?: (
    key: Key,
    parts: readonly BalancedService<Server>[],
    make: () => BalancedService<Server>,
  ) => BalancedService<Server>;
}

export class ServiceBuilder<Server, Key> {
  private readonly definitionOf: DefinitionOf<Server, Key>;
  private readonly options: ServiceBuilderOptions<Server, Key>;
  private readonly made = new Map<Key, BalancedService<Server> | ServiceProblem<Key>>();
  /** On the way down to the one being made. */
  private readonly path = new Set<Key>();

  constructor(definitionOf: DefinitionOf<Server, Key>, options: ServiceBuilderOptions<Server, Key> = {}) {
    this.definitionOf = definitionOf;
    this.options = options;
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
    if (definition === undefined) return { service: key, problem: 'missing' };
    if (definition.kind === 'ready') return definition.service;
    const isFailover = definition.kind === 'failover';
    const names = isFailover
      ? [definition.service, definition.fallback]
      : definition.children.map(({ service }) => service);
    const parts: BalancedService<Server>[] = [];
    for (const name of names) {
      const part = this.obtain(name);
      if (isProblem(part)) return part;
      if (part.depth >= SERVICE_DEPTH_MAX) return { service: key, problem: 'nested too deep' };
      parts.push(part);
    }
    const make = () =>
      isFailover
        ? new FailoverService(parts[0], parts[1])
        : new WeightedService(
            parts.map((service, index) => ({ service, weight: definition.children[index].weight })),
            this.options.random,
          );
    return this.options.keep === undefined ? make() : this.options.keep(key, parts, make);
  }
}

export function isProblem<Key>(made: object): made is ServiceProblem<Key> {
  return 'problem' in made;
}
