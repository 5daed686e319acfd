// What the routers of a configuration say of TLS, while a plan is built: which of them take it where and under which options,
// and in the end what that makes of each entry point. Decides nothing about certificates.

import { DEFAULT_TLS_OPTIONS, type RouterConfiguration } from '@sluice/config';
import type { Diagnostic } from '@sluice/errors';
import type { EntryPointTls } from '../tls/entry-point-tls.ts';
import type { CompilationTls } from './compilation-input.ts';
import type { CompiledRule } from './compiled-rule.ts';
import type { PlannedRouter } from './configuration-objects.ts';
import type { EntryPointModel } from './entry-point-model.ts';
import { isForAnyHost, resolveTlsOptions } from './resolve-tls-options.ts';

const NOBODY: ReadonlySet<string> = new Set();
const ALL_USABLE: CompilationTls['unusable'] = { routers: NOBODY, entryPoints: NOBODY };

/** In place of the name of an option set: the router takes plain requests. */
export const PLAIN = '';

export interface SecuredEntryPoint {
  readonly tls: EntryPointTls;
  /** Those given, with the options they have after all. */
  readonly routers: PlannedRouter[];
  /** There is a router that takes TLS, served or not. */
  readonly isUsed: boolean;
  /** One of those that are served is for any host. */
  readonly hasCatchAll: boolean;
}

export class SecuredRouters {
  readonly diagnostics: Diagnostic[] = [];
  readonly #unusable: CompilationTls['unusable'];
  /** By entry point: hosts of routers that are not served. */
  readonly #unserved: readonly string[][];
  /** By entry point: is there such a router? */
  readonly #refused: boolean[];

  constructor(entryPoints: number, tls: CompilationTls | undefined) {
    this.#unusable = tls?.unusable ?? ALL_USABLE;
    this.#unserved = Array.from({ length: entryPoints }, () => []);
    this.#refused = new Array(entryPoints).fill(false);
  }

  /** Name of the option set that a router asks for, or `PLAIN`; undefined: the set cannot be used, so the router must not serve. */
  optionsOf(
    model: EntryPointModel,
    qualifiedName: string,
    { tls: own }: RouterConfiguration,
    { hosts }: CompiledRule,
  ): string | undefined {
    const tls = own ?? model.tls;
    if (tls === undefined) return PLAIN;
    const { routers, entryPoints } = this.#unusable;
    if (own === undefined ? entryPoints.has(model.name) : routers.has(qualifiedName)) {
      this.#unserved[model.index]!.push(...hosts);
      this.#refused[model.index] = true;
      return undefined;
    }
    if (tls.options === '' || tls.options === DEFAULT_TLS_OPTIONS) return DEFAULT_TLS_OPTIONS;
    if (hosts.length > 0) return tls.options;
    const message = `its rule names no host, by which TLS options are chosen; on the entry point "${model.name}" it gets "${DEFAULT_TLS_OPTIONS}" instead of "${tls.options}"`;
    const object = `http.routers.${qualifiedName}`;
    this.diagnostics.push({ code: 'CONFIG_CONFLICT', severity: 'warning', message, object });
    return DEFAULT_TLS_OPTIONS;
  }

  /**
   * @param routers all that take TLS on the entry point, in evaluation order
   * @param keepsHosts routers of TCP have to know every host
   */
  settle({ name, index }: EntryPointModel, routers: PlannedRouter[], keepsHosts: boolean): SecuredEntryPoint {
    const unserved = this.#unserved[index]!;
    const { tls, conflicted, diagnostics } = resolveTlsOptions(name, routers, unserved, keepsHosts);
    this.diagnostics.push(...diagnostics);
    const isUsed = routers.length > 0 || this.#refused[index]!;
    const hasCatchAll = keepsHosts && routers.some(isForAnyHost);
    if (conflicted.size === 0) return { tls, routers, isUsed, hasCatchAll };
    const settled = routers.map((router) => (conflicted.has(router) ? withDefaultOptions(router) : router));
    return { tls, routers: settled, isUsed, hasCatchAll };
  }
}

/** A new object: what a writer keeps beside the old one has the old options. */
function withDefaultOptions({ memo: _, ...router }: PlannedRouter): PlannedRouter {
  return { ...router, tlsOptions: DEFAULT_TLS_OPTIONS };
}
