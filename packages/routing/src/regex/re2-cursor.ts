// A position in an RE2 pattern plus the escapes that classes and the rest of the syntax share.
// Only reads; what an escape means at its place is decided by the parsers that use it.

import { type CharacterSet, CODE_POINT_MAX, negateSet } from './character-set.ts';
import { PERL_CLASSES, unicodeClass } from './named-classes.ts';
import { Re2SyntaxError } from './re2-syntax-error.ts';

const CONTROL_ESCAPES: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };

export class Re2Cursor {
  readonly pattern: string;
  offset = 0;

  constructor(pattern: string) {
    this.pattern = pattern;
  }

  get atEnd(): boolean {
    return this.offset >= this.pattern.length;
  }

  /** The UTF-16 unit at the position (empty at the end). */
  get next(): string {
    return this.pattern.charAt(this.offset);
  }

  looksAt(text: string): boolean {
    return this.pattern.startsWith(text, this.offset);
  }

  /** Moves over `text` if it comes next. */
  skip(text: string): boolean {
    if (!this.looksAt(text)) return false;
    this.offset += text.length;
    return true;
  }

  /** @throws Re2SyntaxError always. */
  fail(message: string, offset: number = this.offset): never {
    throw new Re2SyntaxError(message, offset);
  }

  takeCodePoint(): number {
    const codePoint = this.pattern.codePointAt(this.offset)!;
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) this.fail('the pattern holds half of a surrogate pair');
    this.offset += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }

  /** `\d`, `\S`, `\pN`, `\P{^Greek}` …; undefined (and not moved) when something else comes next. */
  takeClassEscape(): CharacterSet | undefined {
    const letter = this.pattern.charAt(this.offset + 1);
    const lower = letter.toLowerCase();
    if (lower === 'p') return this.takeUnicodeClass(letter === 'P');
    const perl = Object.hasOwn(PERL_CLASSES, lower) ? PERL_CLASSES[lower] : undefined;
    if (perl === undefined) return undefined;
    this.offset += 2;
    return letter === lower ? perl : negateSet(perl);
  }

  private takeUnicodeClass(negatedByLetter: boolean): CharacterSet {
    const start = this.offset;
    this.offset += 2;
    let name = this.atEnd ? '' : String.fromCodePoint(this.takeCodePoint());
    if (name === '{') {
      const end = this.pattern.indexOf('}', this.offset);
      if (end === -1) this.fail('the class name after \\p{ has no closing brace', start);
      name = this.pattern.slice(this.offset, end);
      this.offset = end + 1;
    }
    const caret = name.startsWith('^');
    const set = unicodeClass(caret ? name.slice(1) : name);
    if (set === undefined) {
      this.fail(
        `unknown Unicode class "${name}": use a general category such as L or Nd, or a script such as Greek`,
        start,
      );
    }
    return negatedByLetter !== caret ? negateSet(set) : set;
  }

  /** One character written as `\…`; the position is on the backslash. */
  takeCharacterEscape(): number {
    const start = this.offset;
    this.offset++;
    if (this.atEnd) this.fail('the pattern ends with a single backslash; write \\\\ for a literal one', start);
    const letter = this.next;
    if (letter >= '1' && letter <= '9' && !this.isOctal(this.offset, 2)) {
      this.fail(`backreferences such as \\${letter} are not part of RE2 syntax`, start);
    }
    const codePoint = this.takeCodePoint();
    if (letter >= '0' && letter <= '7') return this.takeOctal(codePoint - 0x30);
    if (letter === 'x') return this.takeHexadecimal(start);
    const control = Object.hasOwn(CONTROL_ESCAPES, letter) ? CONTROL_ESCAPES[letter] : undefined;
    if (control !== undefined) return control;
    if (codePoint < 0x80 && !/[0-9A-Za-z]/.test(letter)) return codePoint;
    return this.fail(`unknown escape \\${String.fromCodePoint(codePoint)}: RE2 syntax has no such sequence`, start);
  }

  private isOctal(from: number, digits: number): boolean {
    for (let i = from; i < from + digits; i++) {
      const digit = this.pattern.charAt(i);
      if (digit === '' || digit < '0' || digit > '7') return false;
    }
    return true;
  }

  private takeOctal(first: number): number {
    let value = first;
    for (let digits = 1; digits < 3 && this.isOctal(this.offset, 1); digits++) {
      value = value * 8 + Number(this.next);
      this.offset++;
    }
    return value;
  }

  private takeHexadecimal(start: number): number {
    const braces = this.skip('{');
    const digits = /^[0-9A-Fa-f]*/.exec(this.pattern.slice(this.offset, this.offset + (braces ? 10 : 2)))![0];
    this.offset += digits.length;
    const closed = braces ? digits.length > 0 && this.skip('}') : digits.length === 2;
    const value = Number.parseInt(digits, 16);
    if (!closed || value > CODE_POINT_MAX || (value >= 0xd800 && value <= 0xdfff)) {
      this.fail('a hexadecimal escape is \\x and two digits, or \\x{…} up to \\x{10FFFF}', start);
    }
    return value;
  }
}
