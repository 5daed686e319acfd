// What an entry point adds to the routers on it (http-routing.md §8): its middlewares in front, its denied characters, its TLS.

import {
  defaultEntryPoints,
  type EntryPointConfiguration,
  isUdp,
  qualifyName,
  type RouterConfiguration,
  type RouterTlsConfiguration,
} from '@sluice/config';
import { encodedCharacterMask } from '@sluice/protocols';
import type { SignalSwitches } from './observed-signals.ts';
import { providerOf } from './router-order.ts';

export interface EntryPointModel {
  readonly index: number;
  readonly name: string;
  /** It sets something that routers take over: routers on several entry points get a name of their own here. */
  readonly hasModel: boolean;
  readonly middlewares: readonly string[];
  readonly deniedEncodedCharacters: number;
  readonly observability: SignalSwitches;
  /** For routers on it that say nothing of TLS; undefined: they take plain requests. */
  readonly tls: RouterTlsConfiguration | undefined;
}

export class EntryPointModels {
  readonly models: readonly EntryPointModel[];
  private readonly byName: ReadonlyMap<string, EntryPointModel>;
  private readonly defaults: readonly string[];

  constructor(entryPoints: Readonly<Record<string, EntryPointConfiguration>>) {
    this.models = Object.entries(entryPoints).map(([name, { http, observability }], index) => ({
      index,
      name,
      hasModel: http.middlewares.length > 0 || http.encodedCharacters !== undefined || http.tls !== undefined,
      middlewares: http.middlewares,
      deniedEncodedCharacters: http.encodedCharacters === undefined ? 0 : encodedCharacterMask(http.encodedCharacters),
      observability,
      tls: http.tls,
    }));
    // No request arrives on UDP.
    const reachable = this.models.filter(({ name }) => !isUdp(entryPoints[name]!));
    this.byName = new Map(reachable.map((model) => [model.name, model]));
    this.defaults = defaultEntryPoints(entryPoints);
  }

  /** Entry points a router is on, each once; `unknown` are the names that do not exist. */
  of(router: RouterConfiguration): { known: readonly EntryPointModel[]; unknown: readonly string[] } {
    const names = router.entryPoints.length === 0 ? this.defaults : new Set(router.entryPoints);
    const known: EntryPointModel[] = [];
    const unknown: string[] = [];
    for (const name of names) {
      const model = this.byName.get(name);
      if (model === undefined) unknown.push(name);
      else known.push(model);
    }
    return { known, unknown };
  }
}

/** `<entryPoint>-<name@provider>` where a model splits a router that is on several entry points. */
export function routerNameOn(model: EntryPointModel, qualifiedName: string, entryPoints: number): string {
  return entryPoints > 1 && model.hasModel ? `${model.name}-${qualifiedName}` : qualifiedName;
}

/** Names of the middlewares of a router on an entry point, outermost first; unqualified ones are of its provider. */
export function middlewareNames(model: EntryPointModel, router: RouterConfiguration, qualifiedName: string): string[] {
  const provider = providerOf(qualifiedName);
  return [...model.middlewares, ...router.middlewares].map((name) => qualifyName(provider, name));
}
