// The catalogue's page for configuration diagnostics: one sentence per code of `diagnostic.ts`. The type makes it complete.

import type { DiagnosticCode } from '../diagnostic.ts';

export interface DiagnosticText {
  /** What was found. */
  readonly meaning: string;
  /** What to do about it. */
  readonly check: string;
}

export const DIAGNOSTIC_TEXTS: Readonly<Record<DiagnosticCode, DiagnosticText>> = Object.freeze({
  CONFIG_SYNTAX: {
    meaning: 'The document is not valid YAML, TOML or JSON.',
    check:
      'Line and column point at the first place that cannot be read; the last good version of the file stays in force.',
  },
  CONFIG_UNKNOWN_KEY: {
    meaning: 'There is no such key in this place.',
    check: 'Look for a typing error or wrong indentation; the hint names the nearest known key.',
  },
  CONFIG_UNSUPPORTED: {
    meaning: 'The key exists in the compatible configuration, but this version cannot do it yet.',
    check:
      'The object is refused rather than served without what you asked for. Remove the key, or wait for a version that has it.',
  },
  CONFIG_VALUE: {
    meaning: 'The value has the wrong type, range or format.',
    check: 'The message says what is accepted.',
  },
  CONFIG_MISSING: {
    meaning: 'A required key is absent.',
    check: 'Add it; the message names it.',
  },
  CONFIG_CONFLICT: {
    meaning: 'Two keys or two objects contradict each other.',
    check: 'Keep one of them; the message names both.',
  },
  CONFIG_REFERENCE: {
    meaning: 'An object that does not exist, or was refused itself, is referred to.',
    check: 'Check the name, its @provider, and earlier diagnostics about that object.',
  },
  CONFIG_RECURSION: {
    meaning: 'Objects refer to each other in a circle.',
    check: 'The message lists the circle; remove one of its links.',
  },
  CONFIG_RULE: {
    meaning: 'The rule of a router cannot be read.',
    check:
      'The column points into the rule. Values go in backticks, and every matcher takes the number of arguments the message says.',
  },
  CONFIG_FILE: {
    meaning: 'A file or folder of the configuration cannot be read.',
    check: 'Check path and permissions as the user that the supervisor runs as.',
  },
});
