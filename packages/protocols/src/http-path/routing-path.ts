// The form of a path that rules are compared with. Computed from the current escaped path, never forwarded.

import { decodePath } from './decode-path.ts';

/**
 * Decodes every `%XX` except those of reserved characters and `%`, which stay encoded with upper-case digits, so that
 * `/a%2Fb` is not `/a/b`. The result is text: encoded UTF-8 compares equal to the same characters in a rule; bytes that
 * are not UTF-8 become lone surrogates (see byte-text.ts), which no rule contains.
 * Returns the same string when there is no `%`, undefined (answer 400) for a broken encoding.
 */
export function routingPath(path: string): string | undefined {
  const first = path.indexOf('%');
  return first === -1 ? path : decodePath(path, first, true);
}
