// Double-quoted strings of the rule language: Go's escapes and nothing else.

import { RuleSyntaxError } from './rule-syntax-error.ts';

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 0x5c,
  '"': 0x22,
};
const ESCAPE_HELP =
  'in double quotes only Go escapes are accepted (\\n, \\t, \\\\, \\", \\xHH, \\uHHHH …); double the backslash or use backticks';

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the literal that starts at `start` (on the quote). `end` is behind the closing quote.
 * @throws RuleSyntaxError for an unknown escape, a newline, a missing quote, or escapes that do not make valid UTF-8.
 */
export function readInterpretedString(rule: string, start: number): { value: string; end: number } {
  const bytes: number[] = [];
  let offset = start + 1;
  for (;;) {
    const codePoint = rule.codePointAt(offset);
    if (codePoint === undefined || codePoint === 0x0a) {
      throw new RuleSyntaxError('this double quote opens a string that is not closed on its line', rule, start);
    }
    if (codePoint === 0x22) return { value: decode(bytes, rule, start), end: offset + 1 };
    if (codePoint === 0x5c) offset = readEscape(rule, offset, bytes);
    else {
      const character = String.fromCodePoint(codePoint);
      for (const byte of Buffer.from(character)) bytes.push(byte);
      offset += character.length;
    }
  }
}

function readEscape(rule: string, offset: number, bytes: number[]): number {
  const letter = rule.charAt(offset + 1);
  const simple = Object.hasOwn(SIMPLE_ESCAPES, letter) ? SIMPLE_ESCAPES[letter] : undefined;
  if (simple !== undefined) {
    bytes.push(simple);
    return offset + 2;
  }
  const numeric = /^(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([0-3][0-7]{2}))/.exec(
    rule.slice(offset + 1, offset + 10),
  );
  if (numeric === null) throw new RuleSyntaxError(`unknown escape \\${letter}: ${ESCAPE_HELP}`, rule, offset);
  const [text, byteDigits, shortDigits, longDigits, octalDigits] = numeric;
  if (byteDigits !== undefined) bytes.push(Number.parseInt(byteDigits, 16));
  else if (octalDigits !== undefined) bytes.push(Number.parseInt(octalDigits, 8));
  else {
    const codePoint = Number.parseInt((shortDigits ?? longDigits)!, 16);
    if (codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff)) {
      throw new RuleSyntaxError(`\\${text} is not a Unicode character`, rule, offset);
    }
    for (const byte of Buffer.from(String.fromCodePoint(codePoint))) bytes.push(byte);
  }
  return offset + 1 + text.length;
}

function decode(bytes: readonly number[], rule: string, start: number): string {
  try {
    return UTF8.decode(Uint8Array.from(bytes));
  } catch {
    throw new RuleSyntaxError('the escapes in this string do not make valid UTF-8', rule, start);
  }
}
