// Command line → key tree (static-config.md 1.3). Knows the schema only as far as it decides which flags take a value;
// values are judged later, as those of files are.

import type { Diagnostic } from '@sluice/errors';
import { flagKind } from './flag-kind.ts';
import { KeyTree } from './key-tree.ts';
import { staticSchema } from './static-schema.ts';

/** Flags of ours that may be combined with any source; their spelling in lower case. */
const OWN_FLAGS = new Set(['workers', 'validation.unknownkeys']);
const FLAG_MAX_DEPTH = 32;

export interface ParsedFlags {
  /** Everything but `--configFile`. */
  readonly all: KeyTree;
  /** `--workers` and `--validation.unknownKeys` alone. */
  readonly own: KeyTree;
  /** Flags other than our own and `--configFile`, as written. */
  readonly others: readonly string[];
  readonly configFile: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export function parseFlags(args: readonly string[]): ParsedFlags {
  return new FlagParser(args).parse();
}

class FlagParser {
  readonly #args: readonly string[];
  readonly #all = new KeyTree();
  readonly #own = new KeyTree();
  readonly #others: string[] = [];
  readonly #diagnostics: Diagnostic[] = [];
  #configFile: string | undefined;
  #at = 0;

  constructor(args: readonly string[]) {
    this.#args = args;
  }

  parse(): ParsedFlags {
    while (this.#at < this.#args.length) {
      const argument = this.#args[this.#at++]!;
      if (argument === '--') {
        for (const word of this.#args.slice(this.#at)) this.#stray(word);
        break;
      }
      const parts = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(argument);
      if (parts === null) this.#stray(argument);
      else this.#flag(argument, parts[1]!, parts[2]);
    }
    return {
      all: this.#all,
      own: this.#own,
      others: this.#others,
      configFile: this.#configFile,
      diagnostics: this.#diagnostics,
    };
  }

  #flag(written: string, name: string, given: string | undefined): void {
    const lower = name.toLowerCase();
    if (lower === 'configfile') {
      this.#configFile = given ?? this.#next(name);
      return;
    }
    const path = splitPath(name);
    if (path === undefined) {
      this.#report(`"${written}" is not a flag: parts of its name are empty, or there are more than ${FLAG_MAX_DEPTH}`);
      return;
    }
    const kind = flagKind(staticSchema, path);
    const value = given ?? this.#impliedValue(name, kind);
    if (value === undefined) return;
    this.#all.set(path, value, kind === 'list');
    if (OWN_FLAGS.has(lower)) this.#own.set(path, value);
    else this.#others.push(`--${name}`);
  }

  #impliedValue(name: string, kind: ReturnType<typeof flagKind>): string | undefined {
    if (kind === 'switch') return 'true';
    if (kind === 'section') {
      this.#report(`--${name} cannot stand alone; give one of its keys, such as --${name}.<key>=<value>`);
      return undefined;
    }
    // Whether a flag this version does not support takes a value is not known: a following word can be nothing else.
    if (kind === 'unknown') return this.#args[this.#at]?.startsWith('-') === false ? this.#next(name) : 'true';
    return this.#next(name);
  }

  #next(name: string): string | undefined {
    if (this.#at < this.#args.length) return this.#args[this.#at++];
    this.#report(`--${name} needs a value`);
    return undefined;
  }

  #stray(word: string): void {
    this.#report(`"${word}" is neither a flag nor the value of one; flags look like --log.level=DEBUG`);
  }

  #report(message: string): void {
    this.#diagnostics.push({ code: 'CONFIG_VALUE', severity: 'error', message, file: 'flags' });
  }
}

/** `a.b[0].c` → `a`, `b`, `[0]`, `c`; undefined when a part is empty. */
function splitPath(name: string): string[] | undefined {
  const parts = name.replaceAll('[', '.[').split('.');
  return parts.length > FLAG_MAX_DEPTH || parts.includes('') ? undefined : parts;
}
