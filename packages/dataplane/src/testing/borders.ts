// Where a parser may change its state: the places at which a message is worth being cut in two.

const BEFORE_OR_BEHIND = /[\r\n:;, \t]/;

/**
 * Positions on both sides of every separator.
 * @param plain parts at the beginning or end that hold nothing of interest.
 */
export function bordersOf(text: string, plain: readonly string[] = []): number[] {
  const borders: number[] = [];
  const start = Math.max(1, ...plain.filter((part) => text.startsWith(part)).map((part) => part.length));
  const spared = Math.max(0, ...plain.filter((part) => text.endsWith(part)).map((part) => part.length));
  for (let at = start; at <= Math.min(text.length - 1, text.length - spared); at++) {
    if (BEFORE_OR_BEHIND.test(text[at]!) || BEFORE_OR_BEHIND.test(text[at - 1]!)) borders.push(at);
  }
  return borders;
}
