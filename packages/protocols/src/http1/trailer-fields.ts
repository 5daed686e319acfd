// Which fields may not be sent as trailers (RFC 9110 §6.5.1): framing, routing, request modifiers, authentication,
// response control data, content processing, and everything the proxy itself acts on. They are dropped, not merged.

import { Field } from '../http-head/field-id.ts';
import type { HeaderTable } from '../http-head/header-table.ts';

const FORBIDDEN_NAMES: ReadonlySet<string> = new Set([
  'accept-encoding',
  'age',
  'authorization',
  'cache-control',
  'content-language',
  'content-location',
  'content-range',
  'cookie',
  'expires',
  'forwarded',
  'location',
  'max-forwards',
  'pragma',
  'range',
  'retry-after',
  'set-cookie',
  'vary',
  'warning',
  'www-authenticate',
]);

/** True when a field of that name (lower case) must not be taken from a trailer section. */
export function isForbiddenTrailer(name: string): boolean {
  return FORBIDDEN_NAMES.has(name) || name.startsWith('if-');
}

/** Removes the forbidden fields from a parsed trailer section and returns how many they were. */
export function dropForbiddenTrailers(trailers: HeaderTable): number {
  let dropped = 0;
  for (let index = 0; index < trailers.count; index++) {
    // Every field with an id is one the proxy acts on.
    if (trailers.idAt(index) === Field.OTHER && !isForbiddenTrailer(trailers.nameAt(index))) continue;
    trailers.removeAt(index);
    dropped++;
  }
  return dropped;
}
