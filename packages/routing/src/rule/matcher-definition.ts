// The matchers of rule syntax v3 for each protocol: names, accepted spellings and number of arguments. Says nothing of what they mean:
// that is in `match/`.

/** Whose routers a rule is of. */
export type RuleProtocol = 'http' | 'tcp' | 'udp';

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
  'HostSNI',
  'HostSNIRegexp',
  'ALPN',
] as const;

export type MatcherName = (typeof MATCHER_NAMES)[number];

export interface MatcherDefinition {
  readonly name: MatcherName;
  readonly argumentsMin: number;
  readonly argumentsMax: number;
  /** How to write it, for error messages. */
  readonly usage: string;
  readonly protocols: readonly RuleProtocol[];
}

const HTTP: readonly RuleProtocol[] = ['http'];
const TCP: readonly RuleProtocol[] = ['tcp'];
const STREAMS: readonly RuleProtocol[] = ['tcp', 'udp'];
const ALL: readonly RuleProtocol[] = ['http', 'tcp', 'udp'];

const DEFINITIONS: readonly MatcherDefinition[] = [
  { name: 'Host', argumentsMin: 1, argumentsMax: 1, usage: 'Host(`example.com`)', protocols: HTTP },
  {
    name: 'HostRegexp',
    argumentsMin: 1,
    argumentsMax: 1,
    usage: 'HostRegexp(`^[a-z]+\\.example\\.com$`)',
    protocols: HTTP,
  },
  { name: 'Path', argumentsMin: 1, argumentsMax: 1, usage: 'Path(`/exact/path`)', protocols: HTTP },
  { name: 'PathPrefix', argumentsMin: 1, argumentsMax: 1, usage: 'PathPrefix(`/prefix`)', protocols: HTTP },
  { name: 'PathRegexp', argumentsMin: 1, argumentsMax: 1, usage: 'PathRegexp(`^/v[0-9]+/`)', protocols: HTTP },
  { name: 'Method', argumentsMin: 1, argumentsMax: 1, usage: 'Method(`GET`)', protocols: HTTP },
  { name: 'Header', argumentsMin: 2, argumentsMax: 2, usage: 'Header(`X-Name`, `value`)', protocols: HTTP },
  {
    name: 'HeaderRegexp',
    argumentsMin: 2,
    argumentsMax: 2,
    usage: 'HeaderRegexp(`X-Name`, `^value`)',
    protocols: HTTP,
  },
  { name: 'Query', argumentsMin: 1, argumentsMax: 2, usage: 'Query(`key`, `value`)', protocols: HTTP },
  { name: 'QueryRegexp', argumentsMin: 1, argumentsMax: 2, usage: 'QueryRegexp(`key`, `^value`)', protocols: HTTP },
  { name: 'ClientIP', argumentsMin: 1, argumentsMax: 1, usage: 'ClientIP(`10.0.0.0/8`)', protocols: ALL },
  { name: 'HostSNI', argumentsMin: 1, argumentsMax: 1, usage: 'HostSNI(`db.example.com`)', protocols: STREAMS },
  {
    name: 'HostSNIRegexp',
    argumentsMin: 1,
    argumentsMax: 1,
    usage: 'HostSNIRegexp(`^[a-z]+\\.example\\.com$`)',
    protocols: STREAMS,
  },
  { name: 'ALPN', argumentsMin: 1, argumentsMax: 1, usage: 'ALPN(`postgresql`)', protocols: TCP },
];

/** What one looks for in rules of the other protocols. */
const COUNTERPARTS: Readonly<Partial<Record<MatcherName, MatcherName>>> = {
  Host: 'HostSNI',
  HostRegexp: 'HostSNIRegexp',
  HostSNI: 'Host',
  HostSNIRegexp: 'HostRegexp',
};

const BY_SPELLING: ReadonlyMap<string, MatcherDefinition> = new Map(
  DEFINITIONS.flatMap((definition) => spellings(definition.name).map((spelling) => [spelling, definition] as const)),
);

/** As declared, lower case, upper case and title case; nothing else is accepted. */
function spellings(name: string): string[] {
  const lower = name.toLowerCase();
  return [name, lower, name.toUpperCase(), lower[0]!.toUpperCase() + lower.slice(1)];
}

export function findMatcher(spelling: string, protocol: RuleProtocol = 'http'): MatcherDefinition | undefined {
  const definition = BY_SPELLING.get(spelling);
  return definition?.protocols.includes(protocol) === true ? definition : undefined;
}

function namesFor(protocol: RuleProtocol): readonly MatcherName[] {
  return DEFINITIONS.filter(({ protocols }) => protocols.includes(protocol)).map(({ name }) => name);
}

/** A sentence for a name that is no matcher of the protocol: names what was probably meant. */
export function unknownMatcherMessage(spelling: string, protocol: RuleProtocol = 'http'): string {
  const lower = spelling.toLowerCase();
  const names = namesFor(protocol);
  const known = `known matchers are ${names.join(', ')}`;
  const other = BY_SPELLING.get(spelling);
  if (other !== undefined) return otherProtocolMessage(other, protocol, known);
  if (protocol === 'http' && (lower === 'headers' || lower === 'headersregexp' || lower === 'hostheader')) {
    const replacement = lower === 'headers' ? 'Header' : lower === 'headersregexp' ? 'HeaderRegexp' : 'Host';
    return `${spelling} belongs to the older rule syntax v2; in v3 it is ${findMatcher(replacement)!.usage}`;
  }
  const similar = names.find((name) => name.toLowerCase() === lower) ?? nearest(lower, names);
  return `unknown matcher "${spelling.slice(0, 40)}"; ${similar === undefined ? known : `did you mean ${similar}? (${known})`}`;
}

function otherProtocolMessage({ name, protocols }: MatcherDefinition, protocol: RuleProtocol, known: string): string {
  const where = protocols.map((each) => each.toUpperCase()).join(' and ');
  const here = protocol.toUpperCase();
  const counterpart = COUNTERPARTS[name];
  const definition = counterpart === undefined ? undefined : findMatcher(counterpart, protocol);
  const advice = definition === undefined ? known : `here it is ${definition.usage}`;
  return `${name} is a matcher for routers of ${where}, this one is of ${here}; ${advice}`;
}

function nearest(lower: string, names: readonly MatcherName[]): MatcherName | undefined {
  return names.find((name) => {
    const candidate = name.toLowerCase();
    return candidate.length > 3 && lower.length > 3 && (candidate.startsWith(lower) || lower.startsWith(candidate));
  });
}
