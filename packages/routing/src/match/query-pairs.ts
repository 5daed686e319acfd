// Reads the pairs of a raw query as HTML forms do (`+` is a space, %XX a byte), without decoding what is not asked for.
// Malformed pairs (bad %XX, a semicolon) do not exist, as in Go's ParseQuery. The two comparisons allocate nothing.

const MALFORMED = -1;

/** True when a pair with this key has exactly this value; both are byte strings (see byte-text.ts). */
export function queryHas(query: string, key: string, value: string): boolean {
  let start = 0;
  while (start <= query.length) {
    let end = query.indexOf('&', start);
    if (end === -1) end = query.length;
    if (end > start && pairEquals(query, start, end, key, value)) return true;
    start = end + 1;
  }
  return false;
}

/** True when `test` accepts the decoded value (a byte string) of a pair with this key. */
export function queryHasMatching(query: string, key: string, test: (value: string) => boolean): boolean {
  let start = 0;
  while (start <= query.length) {
    let end = query.indexOf('&', start);
    if (end === -1) end = query.length;
    const equals = equalsSign(query, start, end);
    if (end > start && !hasSemicolon(query, start, end) && decodedEquals(query, start, equals, key)) {
      const value = decodePart(query, Math.min(equals + 1, end), end);
      if (value !== undefined && test(value)) return true;
    }
    start = end + 1;
  }
  return false;
}

function pairEquals(query: string, start: number, end: number, key: string, value: string): boolean {
  const equals = equalsSign(query, start, end);
  return (
    decodedEquals(query, start, equals, key) &&
    decodedEquals(query, Math.min(equals + 1, end), end, value) &&
    !hasSemicolon(query, start, end)
  );
}

/** Position of the first `=` of the pair, or its end. */
function equalsSign(query: string, start: number, end: number): number {
  for (let i = start; i < end; i++) if (query.charCodeAt(i) === 0x3d) return i;
  return end;
}

function hasSemicolon(query: string, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (query.charCodeAt(i) === 0x3b) return true;
  return false;
}

function decodedEquals(query: string, start: number, end: number, expected: string): boolean {
  let at = start;
  for (let i = 0; i < expected.length; i++) {
    if (at >= end) return false;
    if (decodedUnit(query, at, end) !== expected.charCodeAt(i)) return false;
    at += query.charCodeAt(at) === 0x25 ? 3 : 1;
  }
  return at === end;
}

function decodePart(query: string, start: number, end: number): string | undefined {
  let text = '';
  for (let at = start; at < end; at += query.charCodeAt(at) === 0x25 ? 3 : 1) {
    const unit = decodedUnit(query, at, end);
    if (unit === MALFORMED) return undefined;
    text += String.fromCharCode(unit);
  }
  return text;
}

function decodedUnit(query: string, at: number, end: number): number {
  const unit = query.charCodeAt(at);
  if (unit === 0x2b) return 0x20;
  if (unit !== 0x25) return unit;
  if (at + 2 >= end) return MALFORMED;
  const high = hexDigit(query.charCodeAt(at + 1));
  const low = hexDigit(query.charCodeAt(at + 2));
  return high === MALFORMED || low === MALFORMED ? MALFORMED : high * 16 + low;
}

function hexDigit(unit: number): number {
  if (unit >= 0x30 && unit <= 0x39) return unit - 0x30;
  const lower = unit | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : MALFORMED;
}
