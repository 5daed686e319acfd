// Values for Location: a URL reference is checked and cleaned so that no byte of it can end the field or the head.
// Runs once per redirect, never for requests that go on.

/** Text from a header may not be well formed; encodeURIComponent would throw. */
const LONE_SURROGATE = /[\ud800-\udfff]/gu;
const CONTROL = /[\x00-\x1f\x7f]/;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const AUTHORITY = /^(?:[\w.~!$&'()*+,;=:%-]*@)?(?:\[[\da-f:.]+(?:%25[\w.~%-]+)?\]|[\w.~!$&'()*+,;=%-]*)(?::\d{0,5})?$/i;
const BROKEN_ENCODING = /%(?![\da-f]{2})/i;
/** Everything but visible ASCII, and visible ASCII that RFC 3986 has no place for. */
const NEEDS_ENCODING = /[^\x21-\x7e]|["<>\\^`{|}]/gu;

/**
 * `url` as a Location value: what needs it is percent-encoded as UTF-8, the rest stays as it is.
 * Undefined when it is no URL reference: empty, control characters, a malformed authority or port, a broken
 * percent-encoding in the path, or a colon in the first segment of a relative path.
 */
export function locationValue(url: string): string | undefined {
  if (url === '' || CONTROL.test(url)) return undefined;
  const scheme = SCHEME.exec(url)?.[0] ?? '';
  const rest = url.slice(scheme.length);
  const pathEnd = rest.search(/[?#]/);
  const beforeQuery = pathEnd === -1 ? rest : rest.slice(0, pathEnd);
  let path = beforeQuery;
  if (beforeQuery.startsWith('//')) {
    const slash = beforeQuery.indexOf('/', 2);
    const authority = slash === -1 ? beforeQuery.slice(2) : beforeQuery.slice(2, slash);
    if (!AUTHORITY.test(authority) || BROKEN_ENCODING.test(authority)) return undefined;
    path = slash === -1 ? '' : beforeQuery.slice(slash);
  } else if (scheme === '' && /^[^/]*:/.test(beforeQuery)) {
    return undefined;
  }
  if (BROKEN_ENCODING.test(path)) return undefined;
  return url.replace(LONE_SURROGATE, '\ufffd').replace(NEEDS_ENCODING, encodeURIComponent);
}
