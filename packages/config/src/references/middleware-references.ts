// Which other objects a middleware names in its options. The two types that name any are known here by their keys, because
// names are resolved before anything knows the types' code.

import type { MiddlewareConfiguration } from '../model/dynamic-configuration.ts';

export interface MiddlewareReferences {
  /** `chain`: its members, in order. */
  readonly middlewares: readonly string[];
  /** `errors`: the service that makes the error pages. */
  readonly service: string | undefined;
}

export function middlewareReferences({ type, options }: MiddlewareConfiguration): MiddlewareReferences {
  const members = type === 'chain' && Array.isArray(options.middlewares) ? options.middlewares.map(String) : [];
  const service =
    type === 'errors' && typeof options.service === 'string' && options.service !== '' ? options.service : undefined;
  return { middlewares: members, service };
}

/** The same middleware with every name it refers to replaced. */
export function withQualifiedReferences(
  middleware: MiddlewareConfiguration,
  qualify: (name: string) => string,
): MiddlewareConfiguration {
  const { middlewares, service } = middlewareReferences(middleware);
  const options: Record<string, unknown> = { ...middleware.options };
  if (middleware.type === 'chain') options.middlewares = middlewares.map(qualify);
  if (service !== undefined) options.service = qualify(service);
  return { type: middleware.type, options };
}
