// Which middlewares can be used, given that chains name other middlewares: missing members, circles, members that are unusable
// themselves. Depth-first, each middleware once.

import type { DiagnosticCode } from '@sluice/errors';
import type { MiddlewareConfiguration } from '../model/dynamic-configuration.ts';
import { middlewareReferences } from './middleware-references.ts';

/** Chains inside chains. */
const CHAIN_MAX_DEPTH = 100;

export interface MiddlewareProblem {
  /** Qualified name of the unusable middleware. */
  readonly name: string;
  readonly code: DiagnosticCode;
  readonly message: string;
  /** The middleware that does not exist, when that is the problem. */
  readonly missing?: string;
}

export class MiddlewareGraph {
  readonly problems: MiddlewareProblem[] = [];
  readonly unusable = new Set<string>();
  readonly #middlewares: Readonly<Record<string, MiddlewareConfiguration>>;
  readonly #serviceProblem: (service: string) => string | undefined;
  readonly #done = new Set<string>();
  /** Names being visited, outermost first. */
  readonly #path: string[] = [];

  constructor(
    middlewares: Readonly<Record<string, MiddlewareConfiguration>>,
    serviceProblem: (service: string) => string | undefined,
  ) {
    this.#middlewares = middlewares;
    this.#serviceProblem = serviceProblem;
    for (const name of Object.keys(middlewares)) this.#visit(name);
  }

  #visit(name: string): void {
    if (this.#done.has(name)) return;
    const { middlewares, service } = middlewareReferences(this.#middlewares[name]!);
    this.#path.push(name);
    for (const member of middlewares) this.#checkMember(name, member);
    const problem = service === undefined ? undefined : this.#serviceProblem(service);
    if (problem !== undefined) this.#refuse({ name, code: 'CONFIG_REFERENCE', message: problem });
    this.#path.pop();
    this.#done.add(name);
  }

  #checkMember(name: string, member: string): void {
    if (!Object.hasOwn(this.#middlewares, member)) {
      const message = `the middleware "${member}" does not exist`;
      this.#refuse({ name, code: 'CONFIG_REFERENCE', message, missing: member });
      return;
    }
    const start = this.#path.indexOf(member);
    if (start !== -1) {
      const circle = [...this.#path.slice(start), member].join(' -> ');
      this.#refuse({ name, code: 'CONFIG_RECURSION', message: `chains must not contain themselves: ${circle}` });
      return;
    }
    if (this.#path.length >= CHAIN_MAX_DEPTH && !this.#done.has(member)) {
      const message = `chains may be nested at most ${CHAIN_MAX_DEPTH} deep`;
      this.#refuse({ name, code: 'CONFIG_RECURSION', message });
      return;
    }
    this.#visit(member);
    if (!this.unusable.has(member)) return;
    const message = `the middleware "${member}" cannot be used, see its own message`;
    this.#refuse({ name, code: 'CONFIG_REFERENCE', message });
  }

  #refuse(problem: MiddlewareProblem): void {
    this.unusable.add(problem.name);
    this.problems.push(problem);
  }
}
