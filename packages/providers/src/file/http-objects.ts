// Walks and rebuilds the HTTP part of a configuration object by object, under names like `http.routers.web`.
// Pure; the meaning of the objects is not its business.

import type { HttpConfiguration } from '@sluice/config';

export type HttpKind = keyof HttpConfiguration;
export const HTTP_KINDS: readonly HttpKind[] = ['routers', 'services', 'middlewares', 'serversTransports'];

/** Objects by path, in the order of their definition. */
export type HttpObjects = Map<string, unknown>;

export function objectPath(kind: HttpKind, name: string): string {
  return `http.${kind}.${name}`;
}

export function toObjects(http: HttpConfiguration): HttpObjects {
  const objects: HttpObjects = new Map();
  for (const kind of HTTP_KINDS) {
    for (const [name, value] of Object.entries(http[kind])) objects.set(objectPath(kind, name), value);
  }
  return objects;
}

export function fromObjects(objects: HttpObjects): HttpConfiguration {
  // Null prototypes: a router may be called `__proto__` or `constructor`.
  const http = Object.fromEntries(HTTP_KINDS.map((kind) => [kind, Object.create(null)]));
  for (const [path, value] of objects) {
    const kindEnd = path.indexOf('.', 5);
    http[path.slice(5, kindEnd)][path.slice(kindEnd + 1)] = value;
  }
  return http as unknown as HttpConfiguration;
}

/** Sections of a document that hold many objects. Anything longer names one object, whose name may contain dots. */
const WHOLE_SECTIONS: ReadonlySet<string> = new Set(['http', ...HTTP_KINDS.map((kind) => `http.${kind}`)]);

/** True when `path` is `section` or lies in it: `http.routers` covers `http.routers.web`, which does not cover `web.api`. */
export function isCovered(path: string, section: string): boolean {
  return path === section || (WHOLE_SECTIONS.has(section) && path.startsWith(`${section}.`));
}
