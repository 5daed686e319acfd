// A middleware type for tests: its hooks are functions of the test. Configured like addPrefix, whose options it ignores.

import { type Middleware, type MiddlewareType, middlewareTypeOf } from '@sluice/middlewares';

/** One YAML line for `ProxyOptions.middlewares`. */
export function probeLine(type: string): string {
  return `${type}: { prefix: /unused }`;
}

export function probeType(type: string, middleware: Middleware): MiddlewareType {
  return { type, schema: middlewareTypeOf('addPrefix')!.schema, create: () => middleware };
}

/** Options for a proxy with these middlewares, outermost first. */
export function probes(hooks: Readonly<Record<string, Middleware>>): {
  readonly middlewares: Record<string, string>;
  readonly middlewareTypes: readonly MiddlewareType[];
} {
  const names = Object.keys(hooks);
  return {
    middlewares: Object.fromEntries(names.map((name) => [name, probeLine(name)])),
    middlewareTypes: names.map((name) => probeType(name, hooks[name]!)),
  };
}
