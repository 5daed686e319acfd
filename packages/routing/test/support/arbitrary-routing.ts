// Random rules and requests over a small vocabulary, so that requests match rules often.

import fc from 'fast-check';
import type { TestRequest } from './test-request.ts';
import type { TestConnection } from './test-streams.ts';

const HOSTS = ['a.com', 'b.com', 'x.a.com', 'y.x.a.com', 'com', 'a.com.', '.', 'a', '.com', 'b.com..'];
const HOST_RULES = [...HOSTS, '*.com', '*.a.com', '*', '*.com.', '*.', '*com', 'A.com'];
const PATHS = ['/', '/a', '/a/', '/ab', '/a/b', '/a/b/c', '/A', '/a%2Fb', '/é', '/é/漢', '/😀', '/a b', '/\udc80'];
const PATH_RULES = PATHS.filter((path) => path !== '/\udc80');
const METHODS = ['GET', 'POST', 'get'];
const REGEXPS = [
  '^a',
  'a$',
  '.',
  '^$',
  '(?i)A',
  '[^a]b',
  '^/.$',
  'b{1,2}',
  '(a|b)+',
  '\\.com$',
  '\\p{L}',
  '\\bx',
  '.*',
];
const KEYS = ['k', 'X-K', 'é'];
const VALUES = ['v', 'a b', 'é', 'a&b', 'V'];
const QUERIES = [
  'k=v',
  'k',
  'k=',
  'k=a+b',
  'k=%C3%A9&k=V',
  '%C3%A9=v',
  'k=a;b',
  'k=%zz&k=v',
  '',
  '&&',
  'x=1',
  'k=a%26b',
];
const NETWORKS = [
  '192.0.2.1',
  '192.0.2.0/24',
  '10.0.0.0/7',
  '2001:db8::/32',
  '0.0.0.0/0',
  '::/0',
  '::ffff:192.0.2.1/127',
];
const CLIENTS = ['192.0.2.1', '192.0.2.0', '11.1.1.1', '2001:db8::1', '::1'];

/** One argument of each kind of matcher, in double quotes. */
const matcher: fc.Arbitrary<string> = fc.oneof(
  { weight: 5, arbitrary: call('Host', fc.constantFrom(...HOST_RULES)) },
  { weight: 3, arbitrary: call('PathPrefix', fc.constantFrom(...PATH_RULES)) },
  { weight: 3, arbitrary: call('Path', fc.constantFrom(...PATH_RULES)) },
  call('Method', fc.constantFrom(...METHODS)),
  call('HostRegexp', fc.constantFrom(...REGEXPS)),
  call('PathRegexp', fc.constantFrom(...REGEXPS)),
  call('Header', fc.constantFrom(...KEYS), fc.constantFrom(...VALUES)),
  call('HeaderRegexp', fc.constantFrom(...KEYS), fc.constantFrom(...REGEXPS)),
  call('Query', fc.constantFrom(...KEYS)),
  call('Query', fc.constantFrom(...KEYS), fc.constantFrom(...VALUES)),
  call('QueryRegexp', fc.constantFrom(...KEYS), fc.constantFrom(...REGEXPS)),
  call('ClientIP', fc.constantFrom(...NETWORKS)),
);

function call(name: string, ...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...parts).map((values) => `${name}(${values.map((value) => `\`${value}\``).join(', ')})`);
}

function ruleOf(matcherOf: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const { rule } = fc.letrec<{ rule: string }>((tie) => ({
    rule: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { weight: 3, arbitrary: matcherOf },
      { weight: 2, arbitrary: fc.tuple(tie('rule'), tie('rule')).map(([a, b]) => `(${a}) && (${b})`) },
      { weight: 2, arbitrary: fc.tuple(tie('rule'), tie('rule')).map(([a, b]) => `(${a}) || (${b})`) },
      { weight: 1, arbitrary: tie('rule').map((inner) => `!(${inner})`) },
    ),
  }));
  return rule;
}

export const arbitraryRule: fc.Arbitrary<string> = ruleOf(matcher);

const headerText = fc.constantFrom('v', 'a b', 'Ã©', 'a', '', '\u0080');

export const arbitraryRequest: fc.Arbitrary<TestRequest> = fc.record(
  {
    host: fc.constantFrom('', ...HOSTS),
    path: fc.constantFrom(...PATHS),
    method: fc.constantFrom(...METHODS),
    query: fc.constantFrom(...QUERIES),
    client: fc.constantFrom(...CLIENTS),
    headers: fc.dictionary(fc.constantFrom('k', 'x-k', 'é'), fc.array(headerText, { maxLength: 2 })),
  },
  { requiredKeys: [] },
);

const SERVER_NAMES = ['a.com', 'b.com', 'x.a.com', 'y.x.a.com', 'com', 'a'];
const ALPN = ['h2', 'postgresql', 'é'];

/** Of TCP routers. */
export const arbitraryTcpRule: fc.Arbitrary<string> = ruleOf(
  fc.oneof(
    { weight: 5, arbitrary: call('HostSNI', fc.constantFrom(...SERVER_NAMES, 'A.com.', '*.com', '*.a.com', '*')) },
    call('HostSNIRegexp', fc.constantFrom('^a', '.*', '^.+$', 'com$', '^$', 'A')),
    call('ALPN', fc.constantFrom(...ALPN)),
    call('ClientIP', fc.constantFrom(...NETWORKS)),
  ),
);

export const arbitraryConnection: fc.Arbitrary<TestConnection> = fc.record(
  {
    serverName: fc.constantFrom('', ...SERVER_NAMES),
    alpn: fc.subarray(ALPN),
    client: fc.constantFrom(...CLIENTS),
  },
  { requiredKeys: [] },
);
