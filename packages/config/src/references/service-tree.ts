// Which services of TCP or UDP can be used, given that weighted and failover ones name others: members that are missing, circles,
// members that cannot be used themselves, members without the health checks that are asked for. Depth-first, each service once.

import type { DiagnosticCode } from '@sluice/errors';
import type { TcpServiceConfiguration } from '../model/tcp-configuration.ts';
import { DEFAULT_TCP_TRANSPORT } from './transport-name.ts';

/** Levels of services in each other, the one with servers included. The data path builds no deeper ones. */
export const STREAM_SERVICE_LEVELS_MAX = 8;
/** Only so that a chain without end does not use up the stack. */
const PATH_MAX = 100;

export interface ServiceProblem {
  /** Qualified name of the unusable service. */
  readonly name: string;
  readonly code: DiagnosticCode;
  readonly message: string;
  /** What does not exist, when that is the problem. */
  readonly missing?: { readonly kind: 'services' | 'serversTransports'; readonly name: string };
}

/** Services of UDP are among these. */
type Services = Readonly<Record<string, Pick<TcpServiceConfiguration, 'weighted' | 'failover'> & WithLoadBalancer>>;

interface WithLoadBalancer {
  readonly loadBalancer?: { readonly serversTransport?: string; readonly healthCheck?: unknown };
}

/** Names of the services that a service sends to, in order. */
export function childServices({
  weighted,
  failover,
}: Pick<TcpServiceConfiguration, 'weighted' | 'failover'>): readonly string[] {
  if (weighted !== undefined) return weighted.services.map(({ name }) => name);
  return failover === undefined ? [] : [failover.service, failover.fallback];
}

export class ServiceTree {
  readonly problems: ServiceProblem[] = [];
  readonly unusable = new Set<string>();
  readonly #services: Services;
  readonly #transports: Readonly<Record<string, unknown>>;
  /** Of those that are done: how many levels they are. */
  readonly #levels = new Map<string, number>();
  /** Names being visited, outermost first. */
  readonly #path: string[] = [];

  /** @param transports by qualified name, those that services may name */
  constructor(services: Services, transports: Readonly<Record<string, unknown>>) {
    this.#services = services;
    this.#transports = transports;
    // Those with children in a fixed order: which of a circle is named first must not depend on who came first.
    const parents = Object.keys(services).filter((name) => childServices(services[name]!).length > 0);
    for (const name of parents.sort()) this.#visit(name);
    for (const name of Object.keys(services)) this.#visit(name);
  }

  #visit(name: string): void {
    if (this.#levels.has(name)) return;
    const service = this.#services[name]!;
    this.#path.push(name);
    this.#checkTransport(name, service.loadBalancer?.serversTransport ?? '');
    const needsHealth = service.weighted?.healthCheck !== undefined || service.failover !== undefined;
    const children = childServices(service);
    for (const [index, child] of children.entries()) {
      // A fallback is taken whatever its health.
      const isFallback = service.failover !== undefined && index > 0;
      this.#checkChild(name, child, needsHealth && !isFallback);
    }
    this.#path.pop();
    this.#measure(name, children);
  }

  #measure(name: string, children: readonly string[]): void {
    const levels = 1 + Math.max(0, ...children.map((child) => this.#levels.get(child) ?? 0));
    this.#levels.set(name, levels);
    if (levels > STREAM_SERVICE_LEVELS_MAX && !this.unusable.has(name)) this.#refuseDepth(name);
  }

  #checkTransport(name: string, transport: string): void {
    if (transport === '' || transport === DEFAULT_TCP_TRANSPORT || Object.hasOwn(this.#transports, transport)) return;
    const message = `the servers transport "${transport}" does not exist`;
    this.#refuse({ name, code: 'CONFIG_REFERENCE', message, missing: { kind: 'serversTransports', name: transport } });
  }

  #checkChild(name: string, child: string, needsHealth: boolean): void {
    if (!Object.hasOwn(this.#services, child)) {
      const message = `the service "${child}" does not exist`;
      this.#refuse({ name, code: 'CONFIG_REFERENCE', message, missing: { kind: 'services', name: child } });
      return;
    }
    const start = this.#path.indexOf(child);
    if (start !== -1) {
      const circle = [...this.#path.slice(start), child].join(' -> ');
      this.#refuse({ name, code: 'CONFIG_RECURSION', message: `services must not contain themselves: ${circle}` });
      return;
    }
    if (this.#path.length >= PATH_MAX && !this.#levels.has(child)) {
      this.#refuseDepth(name);
      return;
    }
    this.#visit(child);
    if (this.unusable.has(child)) {
      const message = `the service "${child}" cannot be used, see its own message`;
      this.#refuse({ name, code: 'CONFIG_REFERENCE', message });
    } else if (needsHealth && !this.#hasHealthCheck(child)) {
      const message = `the health of the service "${child}" is not known: it has no "healthCheck"`;
      this.#refuse({ name, code: 'CONFIG_REFERENCE', message });
    }
  }

  #hasHealthCheck(name: string): boolean {
    const { loadBalancer, weighted, failover } = this.#services[name]!;
    if (failover !== undefined) return this.#hasHealthCheck(failover.fallback);
    return (loadBalancer ?? weighted)?.healthCheck !== undefined;
  }

  #refuseDepth(name: string): void {
    const message = `services may be nested in at most ${STREAM_SERVICE_LEVELS_MAX} levels, the one with servers included`;
    this.#refuse({ name, code: 'CONFIG_RECURSION', message });
  }

  #refuse(problem: ServiceProblem): void {
    this.unusable.add(problem.name);
    this.problems.push(problem);
  }
}
