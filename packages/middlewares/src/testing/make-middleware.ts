// Makes a middleware as the program does: options through the schema, to JSON and back, once more through the schema.
// For tests; refuses what the configuration would refuse.

import type { Middleware, MiddlewareType } from '../interface/middleware.ts';

/** @throws ZodError for options that the schema refuses. */
export function makeMiddleware<Options>(type: MiddlewareType<Options>, options: unknown): Middleware {
  const decoded = type.schema.parse(options);
  return type.create(type.schema.parse(JSON.parse(JSON.stringify(decoded))), 'test@file');
}

/** Every message of the schema about `options`, joined; empty when they are accepted. */
export function problemsOf<Options>(type: MiddlewareType<Options>, options: unknown): string {
  const result = type.schema.safeParse(options);
  return result.success
    ? ''
    : result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
}
