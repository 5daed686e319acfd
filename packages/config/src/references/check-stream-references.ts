// Do the TCP and UDP objects of a merged configuration refer to things that exist and can be used? (tcp-udp.md section 14.)
// Pure and linear in the number of references. What TLS options are there is asked in check-tls-references.ts.

import type { Diagnostic, DiagnosticCode } from '@sluice/errors';
import { nearestKeyHint } from '../decode/nearest-key.ts';
import type { RoutedConfiguration } from '../model/dynamic-configuration.ts';
import type { EntryPointConfiguration } from '../model/static-configuration.ts';
import { isUdp, tcpEntryPoints, udpEntryPoints } from './default-entry-points.ts';
import { NameHints } from './nearest-name.ts';
import { ServiceTree } from './service-tree.ts';

type StreamProtocol = 'tcp' | 'udp';

export interface StreamReferenceReport {
  /** `object` is the qualified object path (`tcp.routers.db@file`); there are no positions. */
  readonly diagnostics: readonly Diagnostic[];
  /** Qualified names. Such a router is left out of routing. */
  readonly unusable: {
    readonly tcp: UnusableObjects;
    readonly udp: UnusableObjects;
  };
}

export interface UnusableObjects {
  readonly routers: ReadonlySet<string>;
  readonly services: ReadonlySet<string>;
}

interface Router {
  readonly entryPoints: readonly string[];
  readonly middlewares?: readonly string[];
  readonly service: string;
}

/** @param entryPoints of the static configuration; undefined: nobody knows, so they are not asked about */
export function checkStreamReferences(
  { tcp, udp }: Pick<RoutedConfiguration, 'tcp' | 'udp'>,
  entryPoints: Readonly<Record<string, Pick<EntryPointConfiguration, 'address' | 'asDefault'>>> | undefined,
): StreamReferenceReport {
  const check = new StreamReferenceCheck(entryPoints);
  const { middlewares, serversTransports } = tcp;
  const unusable = {
    tcp: check.run('tcp', { ...tcp, middlewares, serversTransports }),
    udp: check.run('udp', { ...udp, middlewares: {}, serversTransports: {} }),
  };
  return { diagnostics: check.diagnostics, unusable };
}

interface Objects {
  readonly routers: Readonly<Record<string, Router>>;
  readonly services: ConstructorParameters<typeof ServiceTree>[0];
  readonly middlewares: Readonly<Record<string, unknown>>;
  readonly serversTransports: Readonly<Record<string, unknown>>;
}

class StreamReferenceCheck {
  readonly diagnostics: Diagnostic[] = [];
  readonly #entryPoints: Parameters<typeof checkStreamReferences>[1];
  readonly #hints = new NameHints();

  constructor(entryPoints: Parameters<typeof checkStreamReferences>[1]) {
    this.#entryPoints = entryPoints;
  }

  run(protocol: StreamProtocol, objects: Objects): UnusableObjects {
    const { routers, services, serversTransports } = objects;
    const tree = new ServiceTree(services, serversTransports);
    for (const { name, code, message, missing } of tree.problems) {
      const known = missing?.kind === 'serversTransports' ? serversTransports : services;
      this.#report(code, message, `${protocol}.services.${name}`, missing?.name, known);
    }
    const unusable = new Set<string>();
    for (const [name, router] of Object.entries(routers)) {
      if (!this.#routerUsable(protocol, router, name, objects, tree.unusable)) unusable.add(name);
    }
    return { routers: unusable, services: tree.unusable };
  }

  #routerUsable(
    protocol: StreamProtocol,
    { entryPoints, middlewares = [], service }: Router,
    name: string,
    { services, middlewares: known }: Objects,
    unusableServices: ReadonlySet<string>,
  ): boolean {
    const object = `${protocol}.routers.${name}`;
    let usable = this.#entryPointsUsable(protocol, entryPoints, object);
    for (const middleware of middlewares) {
      if (Object.hasOwn(known, middleware)) continue;
      usable = false;
      this.#report('CONFIG_REFERENCE', `the middleware "${middleware}" does not exist`, object, middleware, known);
    }
    const exists = Object.hasOwn(services, service);
    if (exists && !unusableServices.has(service)) return usable;
    const problem = exists ? 'cannot be used, see its own message' : 'does not exist';
    const missing = exists ? undefined : service;
    this.#report('CONFIG_REFERENCE', `the service "${service}" ${problem}`, object, missing, services);
    return false;
  }

  /** Unknown ones, and those of the other protocol, are left out with a warning while another one remains. */
  #entryPointsUsable(protocol: StreamProtocol, names: readonly string[], object: string): boolean {
    if (this.#entryPoints === undefined) return true;
    const known = protocol === 'tcp' ? tcpEntryPoints(this.#entryPoints) : udpEntryPoints(this.#entryPoints);
    if (names.length === 0 && known.length > 0) return true;
    if (names.length === 0) {
      this.#report('CONFIG_REFERENCE', `there is no entry point for ${protocol.toUpperCase()}`, object, undefined, {});
      return false;
    }
    const unknown = names.filter((name) => !known.includes(name));
    const remain = unknown.length < names.length;
    for (const name of unknown) {
      const message = `${this.#entryPointProblem(name)}${remain ? '; the others are used' : ''}`;
      const severity = remain ? 'warning' : 'error';
      this.diagnostics.push({ code: 'CONFIG_REFERENCE', severity, message, object, ...nearestKeyHint(name, known) });
    }
    return remain;
  }

  #entryPointProblem(name: string): string {
    const configuration = Object.hasOwn(this.#entryPoints!, name) ? this.#entryPoints![name] : undefined;
    if (configuration === undefined) return `there is no entry point "${name}"`;
    return `the entry point "${name}" is of ${isUdp(configuration) ? 'UDP' : 'TCP'} (${configuration.address})`;
  }

  #report(
    code: DiagnosticCode,
    message: string,
    object: string,
    missing: string | undefined,
    known: Readonly<Record<string, unknown>>,
  ): void {
    this.diagnostics.push({ code, severity: 'error', message, object, ...this.#hints.hint(missing, known) });
  }
}
