// Between text and "byte strings" (one UTF-16 unit for each byte of UTF-8), the form in which header values and
// queries arrive.

/** UTF-8 bytes of a text, one unit each. */
export function toByteText(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1');
}

/** The text that the bytes encode; bytes that are not UTF-8 become U+FFFD. Does not allocate for ASCII. */
export function fromByteText(bytes: string): string {
  return isAscii(bytes) ? bytes : Buffer.from(bytes, 'latin1').toString('utf8');
}

export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
