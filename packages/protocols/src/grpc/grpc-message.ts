// The text of `grpc-message`: UTF-8, percent-encoded (gRPC over HTTP/2, "Status-Message"). Pure.
// Both directions take every input: a message must never be the reason that a status is lost.

const ESCAPED = /[^\x20-\x24\x26-\x7e]/;
const ESCAPES = /(?:%[0-9A-Fa-f]{2})+/g;

/** Text as a field value: printable ASCII without `%` stays, every other byte is escaped. */
export function encodeGrpcMessage(text: string): string {
  if (!ESCAPED.test(text)) return text;
  let encoded = '';
  for (const byte of Buffer.from(text, 'utf8')) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** @param value as header tables have it: one character per byte. Escapes that are none stay; bytes that are no UTF-8 become U+FFFD. */
export function decodeGrpcMessage(value: string): string {
  const bytes = value.replace(ESCAPES, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString('latin1'));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
