// What a refused regular expression says: one sentence and where in the pattern it is.

export class Re2SyntaxError extends Error {
  /** 0-based, in UTF-16 code units of the pattern. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'Re2SyntaxError';
    this.offset = offset;
  }
}
