// The middlewares of a snapshot and the expansion of chains: a router refers to a flat list of real middlewares.
// Of all types it knows the chain only; the options of the others are text to it.

import { type MiddlewareConfiguration, qualifyName } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import { canonicalJson } from './canonical-json.ts';
import type { MiddlewareSource } from './configuration-objects.ts';
import { providerOf } from './router-order.ts';
import type { MiddlewarePlan } from './snapshot-plan.ts';

/** Chains inside chains. */
const CHAIN_DEPTH_MAX = 100;
/** Middlewares of one chain when expanded; nested chains multiply. */
const EXPANDED_MAX = 1000;

export class MiddlewareTable {
  readonly plans: MiddlewarePlan[] = [];
  readonly diagnostics: Diagnostic[] = [];
  private readonly middlewares: ReadonlyMap<string, MiddlewareSource>;
  /** By qualified name: indices in `plans`; undefined when it cannot be used. */
  private readonly expanded = new Map<string, readonly number[] | undefined>();
  private readonly path: string[] = [];

  constructor(middlewares: ReadonlyMap<string, MiddlewareSource>) {
    this.middlewares = middlewares;
    for (const [name, source] of middlewares) if (source.configuration.type !== 'chain') this.addPlain(name, source);
    for (const [name, source] of middlewares) if (source.configuration.type === 'chain') this.expand(name);
  }

  /** Indices of the middlewares a name stands for; undefined when there is none, or it cannot be used. */
  find(name: string): readonly number[] | undefined {
    return this.expanded.get(name);
  }

  private addPlain(name: string, source: MiddlewareSource): void {
    source.optionsJson ??= canonicalJson(source.configuration.options);
    this.expanded.set(name, [this.plans.length]);
    this.plans.push({ name, type: source.configuration.type, optionsJson: source.optionsJson });
  }

  private expand(name: string): readonly number[] | undefined {
    if (this.expanded.has(name)) return this.expanded.get(name);
    this.path.push(name);
    const indices = this.expandMembers(name);
    this.path.pop();
    this.expanded.set(name, indices);
    return indices;
  }

  private expandMembers(name: string): readonly number[] | undefined {
    const indices: number[] = [];
    for (const member of chainMembers(this.middlewares.get(name)!.configuration)) {
      const qualified = qualifyName(providerOf(name), member);
      const circle = this.path.indexOf(qualified);
      if (circle !== -1) {
        const names = [...this.path.slice(circle), qualified].join(' -> ');
        return this.refuse(name, 'CONFIG_RECURSION', `the chain contains itself: ${names}`);
      }
      if (this.path.length > CHAIN_DEPTH_MAX) {
        return this.refuse(name, 'CONFIG_RECURSION', `chains are nested deeper than ${CHAIN_DEPTH_MAX}`);
      }
      if (!this.middlewares.has(qualified)) {
        return this.refuse(name, 'CONFIG_REFERENCE', `the middleware "${qualified}" does not exist`);
      }
      const expanded = this.expand(qualified);
      if (expanded === undefined) {
        return this.refuse(name, 'CONFIG_REFERENCE', `the middleware "${qualified}" cannot be used`);
      }
      if (indices.length + expanded.length > EXPANDED_MAX) {
        return this.refuse(name, 'CONFIG_VALUE', `the chain expands to more than ${EXPANDED_MAX} middlewares`);
      }
      indices.push(...expanded);
    }
    return indices;
  }

  private refuse(name: string, code: Diagnostic['code'], message: string): undefined {
    this.diagnostics.push({ code, severity: 'error', message, object: `http.middlewares.${name}` });
    return undefined;
  }
}

function chainMembers({ options }: MiddlewareConfiguration): readonly string[] {
  return Array.isArray(options.middlewares) ? options.middlewares.map(String) : [];
}
