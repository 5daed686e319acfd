// Values of header fields as the text of one row: cut to their share of its room, one to a line. A received field value has no
// line break, so nothing a client sends can pass for another value.

/** Received bytes as Latin-1, in and out. */
export function joinHeaderValues(values: readonly (string | undefined)[], textBytes: number): string {
  const share = Math.floor(textBytes / values.length) - 1;
  if (values.length === 1) return (values[0] ?? '').slice(0, share);
  return values.map((value = '') => value.slice(0, share)).join('\n');
}

/** Back again; bytes that are no UTF-8 become the replacement character. */
export function splitHeaderValues(text: string): string[] {
  return Buffer.from(text, 'latin1').toString('utf8').split('\n');
}
