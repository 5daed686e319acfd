import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { durationSchema } from '../schema/duration.ts';
import { stringListSchema } from '../schema/lists.ts';
import { mayBeEmpty } from '../schema/section.ts';
import { type DecodedDynamic, decodeDynamic } from './decode-dynamic.ts';
import type { MiddlewareTypes } from './decode-middleware.ts';

const schemas: Readonly<Record<string, z.ZodType>> = {
  compress: mayBeEmpty(z.object({ minSize: z.int().default(1024) })),
  retry: z.object({ attempts: z.int(), pause: durationSchema().prefault('100ms') }),
  chain: z.object({ middlewares: stringListSchema() }),
  headers: z.object({ customRequestHeaders: z.record(z.string(), z.string()).optional() }),
};
const middlewareTypes: MiddlewareTypes = new Map(
  Object.entries(schemas).map(([type, schema]) => [type, { type, schema }]),
);

function decode(text: string, unknownKeys: 'error' | 'warn' = 'error'): DecodedDynamic {
  return decodeDynamic({ text, format: 'yaml', file: 'f', middlewareTypes, unknownKeys });
}

function middlewares(text: string): unknown {
  return decode(`http: {middlewares: ${text}}`).http.middlewares;
}

test('middleware options: keys match in any case, record keys keep their spelling', () => {
  assert.deepEqual(middlewares('{m: {HEADERS: {CustomRequestheaders: {X-A: 1, x-a: 2}}}}'), {
    m: { type: 'headers', options: { customRequestHeaders: { 'X-A': '1', 'x-a': '2' } } },
  });
  assert.deepEqual(middlewares('{m: {retry: {attempts: "3", pause: 2}}}'), {
    m: { type: 'retry', options: { attempts: 3, pause: 2_000 } },
  });
  assert.deepEqual(middlewares('{m: {chain: {middlewares: "a, b"}}}'), {
    m: { type: 'chain', options: { middlewares: ['a', 'b'] } },
  });
});

test('middlewares that may be empty: true and {}, but neither false nor null', () => {
  const on = { type: 'compress', options: { minSize: 1024 } };
  assert.deepEqual(middlewares('{a: {compress: true}, b: {compress: {}}, c: {compress: "TRUE"}}'), {
    a: on,
    b: on,
    c: on,
  });
  assert.deepEqual(
    middlewares('{a: {compress: false}, b: {compress: }, c: {retry: true}, d: {compress: {}, retry: }}'),
    {
      d: on,
    },
  );
});

test('unknown keys are errors, or warnings when asked for', () => {
  const text = 'http: {routers: {r: {rule: x, service: s, prio: 1}}, extra: {}}';
  const strict = decode(text);
  assert.deepEqual(strict.refused, ['http.routers.r', 'http']);
  assert.deepEqual(
    strict.diagnostics.map(({ severity, code }) => [severity, code]),
    [
      ['error', 'CONFIG_UNKNOWN_KEY'],
      ['error', 'CONFIG_UNKNOWN_KEY'],
    ],
  );
  assert.match(strict.diagnostics[0]!.hint ?? '', /priority/);
  const lenient = decode(text, 'warn');
  assert.deepEqual(lenient.refused, []);
  assert.deepEqual(Object.keys(lenient.http.routers), ['r']);
  assert.deepEqual(
    lenient.diagnostics.map(({ severity }) => severity),
    ['warning', 'warning'],
  );
});

test('an unsupported key that matters is an error also when unknown keys only warn', () => {
  assert.deepEqual(decode('http: {routers: {r: {rule: x, service: s, parentRefs: [p]}}}', 'warn').refused, [
    'http.routers.r',
  ]);
});

test('an empty document is an empty configuration', () => {
  for (const text of ['', '# nothing', 'http:', 'http: {}', 'http: {routers: }', '{}']) {
    const { http, diagnostics, refused } = decode(text);
    assert.deepEqual([http.routers, diagnostics, refused], [{}, [], []], text);
  }
});

test('a document of another kind refuses everything', () => {
  for (const text of ['just text', '[]', '3', 'http: 3', 'http: []']) {
    const whole = text.startsWith('http') ? ['http'] : ['http', 'tcp', 'udp', 'tls'];
    assert.deepEqual(decode(text).refused, whole, text);
  }
});

test('a key with the name __proto__ changes no prototype', () => {
  const { http, refused } = decode(
    'http: {middlewares: {m: {headers: {customRequestHeaders: {__proto__: x}}}, __proto__: {compress: {}}}, __proto__: {a: b}}',
  );
  assert.deepEqual(http.middlewares, {});
  assert.deepEqual(refused, ['http.middlewares.m', 'http.middlewares.__proto__', 'http']);
  assert.equal(({} as Record<string, unknown>).a, undefined);
});

test('an unhealthy interval follows the interval', () => {
  const { http, diagnostics } = decode(
    'http: {services: {a: {loadBalancer: {healthCheck: {interval: 5s}}}, b: {loadBalancer: {healthCheck: {interval: -1, unhealthyInterval: 2}}}}}',
  );
  assert.equal(http.services.a!.loadBalancer.healthCheck!.unhealthyInterval, 5_000);
  assert.equal(http.services.b!.loadBalancer.healthCheck!.interval, 30_000);
  assert.equal(http.services.b!.loadBalancer.healthCheck!.unhealthyInterval, 2_000);
  assert.equal(diagnostics.length, 1);
});

test('positions of objects are given when asked for', () => {
  const text = 'http:\n  routers:\n    a: {rule: x, service: s}\n    b: {}\n';
  const { positions } = decodeDynamic({ text, format: 'yaml', file: 'f', middlewareTypes, positions: true });
  assert.deepEqual(positions?.get('http.routers.b'), { line: 4, column: 5 });
});

test('server URLs', () => {
  const accepted = (url: string): boolean =>
    decode(`http: {services: {s: {loadBalancer: {servers: [{url: ${JSON.stringify(url)}}]}}}}`).refused.length === 0;
  for (const good of [
    'http://a',
    'HTTP://a:1/x?y#z',
    'http://user:pw@1.2.3.4:80',
    'http://[::1]',
    'http://a_b.c-d.:80/',
    'https://a:8443',
    'h2c://a',
  ]) {
    assert.ok(accepted(good), good);
  }
  for (const bad of [
    '',
    'a',
    '//a',
    'http:/a',
    'http://',
    'http://:80',
    'http://a b',
    'http://a:0',
    'http://a:65536',
    'http://[::g]',
    'http://1.2.3',
    'http://a\n',
    'ws://a',
    'unix://a/b',
    'http://a:80:80',
    'http://-a',
  ]) {
    assert.ok(!accepted(bad), bad);
  }
});
