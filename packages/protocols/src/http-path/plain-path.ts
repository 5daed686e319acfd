// One look at an escaped path that spares the common one every other step.

import { PATH_CLASS, PathClass } from './path-class.ts';

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * True only when `normalizePath`, `sanitizePath` and `routingPath` would all return this very string. False is no
 * verdict: hidden files (`/.well-known/…`) for example take the long way.
 */
export function isPlainPath(path: string): boolean {
  if (path.charCodeAt(0) !== SLASH) return false;
  let previous = SLASH;
  for (let i = 1; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code > 0xff || PATH_CLASS[code] !== PathClass.LEGAL) return false;
    if (previous === SLASH && (code === SLASH || code === DOT)) return false;
    previous = code;
  }
  return true;
}
