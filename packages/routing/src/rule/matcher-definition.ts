// The matchers of rule syntax v3: names, accepted spellings and number of arguments. Meanings are in `match/`.

export const MATCHER_NAMES = [
  'Host',
  'HostRegexp',
  'Path',
  'PathPrefix',
  'PathRegexp',
  'Method',
  'Header',
  'HeaderRegexp',
  'Query',
  'QueryRegexp',
  'ClientIP',
] as const;

export type MatcherName = (typeof MATCHER_NAMES)[number];

export interface MatcherDefinition {
  readonly name: MatcherName;
  readonly argumentsMin: number;
  readonly argumentsMax: number;
  /** How to write it, for error messages. */
  readonly usage: string;
}

const DEFINITIONS: readonly MatcherDefinition[] = [
  { name: 'Host', argumentsMin: 1, argumentsMax: 1, usage: 'Host(`example.com`)' },
  { name: 'HostRegexp', argumentsMin: 1, argumentsMax: 1, usage: 'HostRegexp(`^[a-z]+\\.example\\.com$`)' },
  { name: 'Path', argumentsMin: 1, argumentsMax: 1, usage: 'Path(`/exact/path`)' },
  { name: 'PathPrefix', argumentsMin: 1, argumentsMax: 1, usage: 'PathPrefix(`/prefix`)' },
  { name: 'PathRegexp', argumentsMin: 1, argumentsMax: 1, usage: 'PathRegexp(`^/v[0-9]+/`)' },
  { name: 'Method', argumentsMin: 1, argumentsMax: 1, usage: 'Method(`GET`)' },
  { name: 'Header', argumentsMin: 2, argumentsMax: 2, usage: 'Header(`X-Name`, `value`)' },
  { name: 'HeaderRegexp', argumentsMin: 2, argumentsMax: 2, usage: 'HeaderRegexp(`X-Name`, `^value`)' },
  { name: 'Query', argumentsMin: 1, argumentsMax: 2, usage: 'Query(`key`, `value`)' },
  { name: 'QueryRegexp', argumentsMin: 1, argumentsMax: 2, usage: 'QueryRegexp(`key`, `^value`)' },
  { name: 'ClientIP', argumentsMin: 1, argumentsMax: 1, usage: 'ClientIP(`10.0.0.0/8`)' },
];

const BY_SPELLING: ReadonlyMap<string, MatcherDefinition> = new Map(
  DEFINITIONS.flatMap((definition) => spellings(definition.name).map((spelling) => [spelling, definition] as const)),
);

/** As declared, lower case, upper case and title case; nothing else is accepted. */
function spellings(name: string): string[] {
  const lower = name.toLowerCase();
  return [name, lower, name.toUpperCase(), lower[0]!.toUpperCase() + lower.slice(1)];
}

export function findMatcher(spelling: string): MatcherDefinition | undefined {
  return BY_SPELLING.get(spelling);
}

/** A sentence for a name that is no matcher: names what was probably meant. */
export function unknownMatcherMessage(spelling: string): string {
  const lower = spelling.toLowerCase();
  const known = `known matchers are ${MATCHER_NAMES.join(', ')}`;
  if (lower === 'headers' || lower === 'headersregexp' || lower === 'hostheader') {
    const replacement = lower === 'headers' ? 'Header' : lower === 'headersregexp' ? 'HeaderRegexp' : 'Host';
    return `${spelling} belongs to the older rule syntax v2; in v3 it is ${findMatcher(replacement)!.usage}`;
  }
  const similar = MATCHER_NAMES.find((name) => name.toLowerCase() === lower) ?? nearest(lower);
  return `unknown matcher "${spelling.slice(0, 40)}"; ${similar === undefined ? known : `did you mean ${similar}? (${known})`}`;
}

function nearest(lower: string): MatcherName | undefined {
  return MATCHER_NAMES.find((name) => {
    const candidate = name.toLowerCase();
    return candidate.length > 3 && lower.length > 3 && (candidate.startsWith(lower) || lower.startsWith(candidate));
  });
}
