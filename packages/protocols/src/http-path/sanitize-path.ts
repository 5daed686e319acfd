// Removes dot segments and duplicate slashes from an escaped path, so that no rule is dodged by spelling.
// `%2F` is data, not a separator. Allocates nothing when the path is clean.

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * The path with `//` collapsed, `.` removed and `..` resolved, never above `/`; `*` stays `*`, an empty path becomes `/`.
 * One trailing slash is kept, but a path that ends in `/.` or `/..` gets none (reference: HTTP routing §2).
 * Run `normalizePath` first: it turns `%2E` into `.`.
 */
export function sanitizePath(path: string): string {
  return isCleanPath(path) ? path : clean(path);
}

/** True when `sanitizePath` returns the path as it is. */
export function isCleanPath(path: string): boolean {
  if (path === '*') return true;
  if (path.charCodeAt(0) !== SLASH) return false;
  const length = path.length;
  let slash = 0;
  for (let i = 1; i <= length; i++) {
    const code = i === length ? SLASH : path.charCodeAt(i);
    if (code !== SLASH) continue;
    const size = i - slash - 1;
    if (size === 0 && i !== length) return false;
    if (size === 1 && path.charCodeAt(i - 1) === DOT) return false;
    if (size === 2 && path.charCodeAt(i - 1) === DOT && path.charCodeAt(i - 2) === DOT) return false;
    slash = i;
  }
  return true;
}

function clean(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(segment);
  }
  if (kept.length === 0) return '/';
  return path.endsWith('/') ? `/${kept.join('/')}/` : `/${kept.join('/')}`;
}
