// Where the keys and list items of a TOML document stand. Runs only over documents the real parser has accepted, so it
// may assume correct syntax; when something surprises it, it stops, and the rest has no positions rather than wrong ones.

export interface KeyPosition {
  /** UTF-16 offset of the key (or of the list item). */
  offset: number;
  /** Offset of the value after `=`. */
  valueOffset?: number;
  /** Made by `[[name]]` headers: the children are its items. */
  isTableArray?: boolean;
  /** By key, or by index for lists. */
  children?: Map<string, KeyPosition>;
}

export function scanTomlPositions(text: string): KeyPosition {
  const root: KeyPosition = { offset: 0 };
  try {
    new Scanner(text).scan(root);
  } catch (error) {
    if (!(error instanceof Surprise)) throw error;
  }
  return root;
}

class Surprise extends Error {}

const BARE_KEY = /[A-Za-z0-9_-]+/y;
const SCALAR = /[^\s,\]}#]+(?: [0-9][0-9:.]*[^\s,\]}#]*)?/y;
const SPACE = /[ \t]*/y;
const SPACE_AND_COMMENTS = /(?:[ \t\r\n]|#[^\n]*)*/y;

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  scan(root: KeyPosition): void {
    let table = root;
    this.#skip(SPACE_AND_COMMENTS);
    while (this.#at < this.#text.length) {
      if (this.#text[this.#at] === '[') table = this.#header(root);
      else this.#keyValue(table);
      this.#skip(SPACE_AND_COMMENTS);
    }
  }

  #header(root: KeyPosition): KeyPosition {
    const isArray = this.#text[this.#at + 1] === '[';
    this.#at += isArray ? 2 : 1;
    const keys = this.#dottedKey();
    this.#expect(isArray ? ']]' : ']');
    let node = root;
    for (const [index, { key, offset }] of keys.entries()) {
      node = child(node, key, offset);
      if (isArray && index === keys.length - 1) {
        node.isTableArray = true;
        return child(node, String(node.children?.size ?? 0), offset);
      }
      node = lastItem(node);
    }
    return node;
  }

  #keyValue(table: KeyPosition): void {
    let node = table;
    for (const { key, offset } of this.#dottedKey()) node = child(node, key, offset);
    this.#skip(SPACE);
    this.#expect('=');
    this.#skip(SPACE);
    node.valueOffset = this.#at;
    this.#value(node);
  }

  #dottedKey(): { key: string; offset: number }[] {
    const keys: { key: string; offset: number }[] = [];
    do {
      this.#skip(SPACE);
      const offset = this.#at;
      keys.push({ key: this.#key(), offset });
      this.#skip(SPACE);
    } while (this.#take('.'));
    return keys;
  }

  #key(): string {
    const quote = this.#text[this.#at];
    if (quote === '"' || quote === "'") {
      const start = this.#at;
      this.#string(quote);
      const raw = this.#text.slice(start, this.#at);
      if (quote === "'") return raw.slice(1, -1);
      if (raw.includes('\\')) throw new Surprise();
      return raw.slice(1, -1);
    }
    return this.#match(BARE_KEY);
  }

  #value(node: KeyPosition): void {
    const first = this.#text[this.#at];
    if (first === '"' || first === "'") this.#string(first);
    else if (first === '[') this.#list(node);
    else if (first === '{') this.#inlineTable(node);
    else this.#match(SCALAR);
  }

  #list(node: KeyPosition): void {
    this.#expect('[');
    for (let index = 0; ; index++) {
      this.#skip(SPACE_AND_COMMENTS);
      if (this.#take(']')) return;
      this.#value(child(node, String(index), this.#at));
      this.#skip(SPACE_AND_COMMENTS);
      this.#take(',');
    }
  }

  #inlineTable(node: KeyPosition): void {
    this.#expect('{');
    for (;;) {
      this.#skip(SPACE_AND_COMMENTS);
      if (this.#take('}')) return;
      this.#keyValue(node);
      this.#skip(SPACE_AND_COMMENTS);
      this.#take(',');
    }
  }

  /** Moves behind a string of any of the four kinds. */
  #string(quote: string): void {
    const triple = quote.repeat(3);
    const isLong = this.#text.startsWith(triple, this.#at);
    let at = this.#at + (isLong ? 3 : 1);
    for (;;) {
      if (at >= this.#text.length) throw new Surprise();
      if (quote === '"' && this.#text[at] === '\\') at += 2;
      else if (!isLong && this.#text[at] === quote) break;
      else if (isLong && this.#text.startsWith(triple, at)) break;
      else at++;
    }
    at += isLong ? 3 : 1;
    // A long string may end with up to two quotes of its own: `"""a"""""`.
    for (let extra = 0; isLong && extra < 2 && this.#text[at] === quote; extra++) at++;
    this.#at = at;
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    pattern.exec(this.#text);
    this.#at = pattern.lastIndex;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found === undefined) throw new Surprise();
    this.#at += found.length;
    return found;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #expect(text: string): void {
    if (!this.#take(text)) throw new Surprise();
  }
}

function child(node: KeyPosition, key: string, offset: number): KeyPosition {
  node.children ??= new Map();
  let found = node.children.get(key);
  if (found === undefined) {
    found = { offset };
    node.children.set(key, found);
  }
  return found;
}

/** `[a.b]` after `[[a]]` continues the last item of `a`. */
function lastItem(node: KeyPosition): KeyPosition {
  if (node.isTableArray !== true) return node;
  return node.children?.get(String(node.children.size - 1)) ?? node;
}
