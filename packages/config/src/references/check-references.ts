// Do the objects of a merged configuration refer to things that exist and can be used? (http-routing.md section 14.)
// Pure and linear in the number of references. One broken object never makes another, unrelated one unusable.

import type { Diagnostic, DiagnosticCode, DiagnosticSeverity } from '@sluice/errors';
import { nearestKeyHint } from '../decode/nearest-key.ts';
import type { HttpConfiguration, RouterConfiguration } from '../model/dynamic-configuration.ts';
import { isInternalService, missingInternalService } from './internal-objects.ts';
import { MiddlewareGraph } from './middleware-graph.ts';
import { NameHints } from './nearest-name.ts';
import { DEFAULT_TRANSPORT } from './transport-name.ts';

export interface ReferenceReport {
  /** `object` is the qualified object path (`http.routers.web@file`); there are no positions. */
  readonly diagnostics: readonly Diagnostic[];
  readonly unusable: {
    /** Qualified names. Such a router is left out of routing. */
    readonly routers: ReadonlySet<string>;
    readonly services: ReadonlySet<string>;
    readonly middlewares: ReadonlySet<string>;
    /** Entry points whose own middlewares cannot be used: no router may be reachable through them. */
    readonly entryPoints: ReadonlySet<string>;
  };
}

/**
 * @param http merged objects under qualified names, as `qualifyNames` makes them
 * @param entryPointNames the entry points of the static configuration
 * @param entryPointMiddlewares qualified names by entry point (`http.middlewares` of each)
 */
export function checkReferences(
  http: HttpConfiguration,
  entryPointNames: Iterable<string>,
  entryPointMiddlewares: Readonly<Record<string, readonly string[]>> = {},
): ReferenceReport {
  return new ReferenceCheck(http, new Set(entryPointNames)).run(entryPointMiddlewares);
}

class ReferenceCheck {
  readonly #http: HttpConfiguration;
  readonly #entryPointNames: ReadonlySet<string>;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #routers = new Set<string>();
  readonly #services = new Set<string>();
  readonly #entryPoints = new Set<string>();
  #middlewares: ReadonlySet<string> = new Set();
  readonly #hints = new NameHints();

  constructor(http: HttpConfiguration, entryPointNames: ReadonlySet<string>) {
    this.#http = http;
    this.#entryPointNames = entryPointNames;
  }

  run(entryPointMiddlewares: Readonly<Record<string, readonly string[]>>): ReferenceReport {
    this.#checkServices();
    this.#checkMiddlewares();
    for (const [name, middlewares] of Object.entries(entryPointMiddlewares)) {
      if (!this.#middlewaresUsable(middlewares, `entryPoints.${name}`)) this.#entryPoints.add(name);
    }
    for (const [name, router] of Object.entries(this.#http.routers)) {
      if (!this.#routerUsable(router, `http.routers.${name}`)) this.#routers.add(name);
    }
    return {
      diagnostics: this.#diagnostics,
      unusable: {
        routers: this.#routers,
        services: this.#services,
        middlewares: this.#middlewares,
        entryPoints: this.#entryPoints,
      },
    };
  }

  #checkServices(): void {
    const transports = this.#http.serversTransports;
    for (const [name, service] of Object.entries(this.#http.services)) {
      const transport = service.loadBalancer.serversTransport;
      if (transport === '' || transport === DEFAULT_TRANSPORT || Object.hasOwn(transports, transport)) continue;
      this.#services.add(name);
      const message = `the servers transport "${transport}" does not exist`;
      this.#report('error', 'CONFIG_REFERENCE', message, `http.services.${name}`, transport, transports);
    }
  }

  #checkMiddlewares(): void {
    const graph = new MiddlewareGraph(this.#http.middlewares, (service) => this.#serviceProblem(service));
    this.#middlewares = graph.unusable;
    for (const { name, code, message, missing } of graph.problems) {
      this.#report('error', code, message, `http.middlewares.${name}`, missing, this.#http.middlewares);
    }
  }

  #routerUsable(router: RouterConfiguration, object: string): boolean {
    const entryPointsUsable = this.#entryPointsUsable(router.entryPoints, object);
    const middlewaresUsable = this.#middlewaresUsable(router.middlewares, object);
    const problem = this.#serviceProblem(router.service);
    if (problem !== undefined) {
      this.#report('error', 'CONFIG_REFERENCE', problem, object, router.service, this.#http.services);
    }
    return entryPointsUsable && middlewaresUsable && problem === undefined;
  }

  /** Unknown ones are left out with a warning while another one remains. */
  #entryPointsUsable(names: readonly string[], object: string): boolean {
    const unknown = names.filter((name) => !this.#entryPointNames.has(name));
    if (unknown.length === 0) return true;
    const remain = unknown.length < names.length;
    for (const name of unknown) {
      const hint = nearestKeyHint(name, this.#entryPointNames);
      const message = `there is no entry point "${name}"${remain ? '; the others are used' : ''}`;
      const severity = remain ? 'warning' : 'error';
      this.#diagnostics.push({ code: 'CONFIG_REFERENCE', severity, message, object, ...hint });
    }
    return remain;
  }

  #middlewaresUsable(names: readonly string[], object: string): boolean {
    const { middlewares } = this.#http;
    let usable = true;
    for (const name of names) {
      const exists = Object.hasOwn(middlewares, name);
      if (exists && !this.#middlewares.has(name)) continue;
      usable = false;
      const message = `the middleware "${name}" ${exists ? 'cannot be used, see its own message' : 'does not exist'}`;
      this.#report('error', 'CONFIG_REFERENCE', message, object, exists ? undefined : name, middlewares);
    }
    return usable;
  }

  #serviceProblem(name: string): string | undefined {
    if (!Object.hasOwn(this.#http.services, name)) {
      return isInternalService(name) ? missingInternalService(name) : `the service "${name}" does not exist`;
    }
    return this.#services.has(name) ? `the service "${name}" cannot be used, see its own message` : undefined;
  }

  #report(
    severity: DiagnosticSeverity,
    code: DiagnosticCode,
    message: string,
    object: string,
    missing: string | undefined,
    known: Readonly<Record<string, unknown>>,
  ): void {
    this.#diagnostics.push({ code, severity, message, object, ...this.#hints.hint(missing, known) });
  }
}
