// Which fields carry secrets by their name. Whoever can add fields to a connection and see the size of what it sends may guess
// a short secret piece by piece when it is indexed (RFC 7541 §7.1), so such fields are never-indexed literals.
// Looks at names only. Allocates nothing.

/** Whole names, or what stands at the end of a name after `-` or `_`. Lower case. */
const SECRET_ENDS = [
  ...['authorization', 'cookie', 'token', 'secret', 'password', 'passwd', 'auth', 'jwt', 'session', 'sessionid'],
  ...['credential', 'credentials', 'assertion', 'signature', 'otp', 'pin', 'csrf', 'xsrf', 'apikey', 'api-key'],
  ...['access-key', 'auth-key', 'secret-key', 'private-key', 'subscription-key', 'customer-key', 'session-id'],
].map((end) => Buffer.from(end, 'latin1'));

/** 1 for bytes that one of them ends with. */
const LAST_BYTES = new Uint8Array(256);
for (const end of SECRET_ENDS) LAST_BYTES[end[end.length - 1]] = 1;

const DASH = 0x2d;
const UNDERSCORE = 0x5f;

/** `offset` and `length` are a lower-case name, such as `x-api-key` or `set-cookie`. */
export function isSecretName(bytes: Buffer, offset: number, length: number): boolean {
  if (length === 0 || LAST_BYTES[bytes[offset + length - 1]] === 0) return false;
  for (const end of SECRET_ENDS) {
    const start = offset + length - end.length;
    if (start < offset || !isAt(bytes, start, end)) continue;
    if (start === offset || bytes[start - 1] === DASH || bytes[start - 1] === UNDERSCORE) return true;
  }
  return false;
}

function isAt(bytes: Buffer, start: number, word: Buffer): boolean {
  for (let i = word.length - 1; i >= 0; i--) {
    if (bytes[start + i] !== word[i]) return false;
  }
  return true;
}
