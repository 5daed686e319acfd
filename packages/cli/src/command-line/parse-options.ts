// Options of the sub-commands that are no configuration: words, and a few named options with values.
// Spelled like configuration flags: one or two dashes, any case, `=` or the next argument.

export interface OptionsSpec {
  /** Names that take a value, as documented: `format`, `client-ip`. A name with one letter is a short form. */
  readonly values: readonly string[];
  /** Names without a value. */
  readonly switches: readonly string[];
}

export interface ParsedOptions {
  readonly words: readonly string[];
  /** All values given, by documented name, in order. */
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly switches: ReadonlySet<string>;
}

/** Wrong use of a command; the message is for the person who typed it. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseOptions(args: readonly string[], spec: OptionsSpec): ParsedOptions {
  const words: string[] = [];
  const values = new Map<string, string[]>();
  const switches = new Set<string>();
  for (let at = 0; at < args.length; at++) {
    const argument = args[at]!;
    const parts = /^--?([^-=][^=]*)(?:=([\s\S]*))?$/.exec(argument);
    if (argument === '--') {
      words.push(...args.slice(at + 1));
      break;
    }
    if (parts === null) {
      words.push(argument);
      continue;
    }
    const [, written = '', given] = parts;
    const name = findName(written, [...spec.values, ...spec.switches]);
    if (name === undefined) throw new UsageError(`unknown option ${argument}; accepted: ${accepted(spec)}`);
    if (spec.switches.includes(name)) {
      if (given !== undefined && given !== 'true') throw new UsageError(`--${name} takes no value`);
      switches.add(name);
      continue;
    }
    const value = given ?? args[++at];
    if (value === undefined) throw new UsageError(`--${name} needs a value`);
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return { words, values, switches };
}

/** Case does not matter, except for one-letter names. */
function findName(written: string, names: readonly string[]): string | undefined {
  return names.find((name) => (name.length === 1 ? name === written : name.toLowerCase() === written.toLowerCase()));
}

function accepted({ values, switches }: OptionsSpec): string {
  return [...values, ...switches].map((name) => (name.length === 1 ? `-${name}` : `--${name}`)).join(', ');
}

/** The last value, or undefined. */
export function lastValue(options: ParsedOptions, name: string): string | undefined {
  return options.values.get(name)?.at(-1);
}

/** @throws UsageError */
export function outputFormat(options: ParsedOptions): 'human' | 'json' {
  const format = lastValue(options, 'format') ?? 'human';
  if (format === 'human' || format === 'json') return format;
  throw new UsageError(`--format must be human or json, not "${format}"`);
}
