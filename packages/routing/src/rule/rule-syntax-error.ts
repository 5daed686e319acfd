// What a refused rule says: one sentence that teaches, and where in the rule it applies.

export class RuleSyntaxError extends Error {
  /** 0-based, in UTF-16 code units of the rule. */
  readonly offset: number;
  /** 1-based line and column (UTF-16 code units) inside the rule text. */
  readonly line: number;
  readonly column: number;

  constructor(message: string, rule: string, offset: number) {
    super(message);
    this.name = 'RuleSyntaxError';
    this.offset = offset;
    const before = rule.slice(0, offset);
    this.line = before.split('\n').length;
    this.column = offset - (before.lastIndexOf('\n') + 1) + 1;
  }
}
