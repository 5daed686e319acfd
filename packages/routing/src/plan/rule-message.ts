// What is wrong with the rule of a router, as the message of a diagnostic.

import type { RuleSyntaxError } from '../rule/rule-syntax-error.ts';

export function ruleMessage({ message, line, column }: RuleSyntaxError): string {
  const place = line === 1 ? `column ${column}` : `line ${line}, column ${column}`;
  return `the rule cannot be used: ${message} (${place} of the rule)`;
}
