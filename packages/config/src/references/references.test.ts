import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDynamic } from '../dynamic/decode-dynamic.ts';
import type { HttpConfiguration } from '../model/dynamic-configuration.ts';
import { entryPointSchema } from '../static/entry-point-schema.ts';
import { checkReferences } from './check-references.ts';
import { defaultEntryPoints } from './default-entry-points.ts';
import { qualifyNames } from './qualify-names.ts';

const router = { entryPoints: [], rule: 'PathPrefix(`/`)', priority: 0n, middlewares: [], service: 's' };

function configuration(parts: Partial<Record<keyof HttpConfiguration, Record<string, unknown>>>): HttpConfiguration {
  return { routers: {}, services: {}, middlewares: {}, serversTransports: {}, ...parts } as HttpConfiguration;
}

const { http: base } = decodeDynamic({
  text: 'http: {services: {s: {loadBalancer: {}}, t: {loadBalancer: {serversTransport: slow}}}, serversTransports: {slow: {}}}',
  format: 'yaml',
  file: 'f',
  middlewareTypes: new Map(),
});

test('names and references are qualified with their provider, unless they name one', () => {
  const http = qualifyNames('file', {
    ...base,
    routers: { r: { ...router, middlewares: ['a', 'b@docker'], service: 's@docker' } },
    middlewares: {
      c: { type: 'chain', options: { middlewares: ['a', 'b@docker'] } },
      e: { type: 'errors', options: { service: 's', status: ['500'] } },
      h: { type: 'headers', options: { middlewares: ['a'] } },
    },
  });
  assert.deepEqual(Object.keys(http.routers), ['r@file']);
  assert.deepEqual(http.routers['r@file']!.middlewares, ['a@file', 'b@docker']);
  assert.equal(http.routers['r@file']!.service, 's@docker');
  assert.equal(http.services['t@file']!.loadBalancer.serversTransport, 'slow@file');
  assert.equal(http.services['s@file']!.loadBalancer.serversTransport, '');
  assert.deepEqual(http.middlewares['c@file']!.options, { middlewares: ['a@file', 'b@docker'] });
  assert.deepEqual(http.middlewares['e@file']!.options, { service: 's@file', status: ['500'] });
  assert.deepEqual(http.middlewares['h@file']!.options, { middlewares: ['a'] });
});

test('what does not exist makes only its users unusable', () => {
  const http = qualifyNames(
    'file',
    configuration({
      services: {
        ...base.services,
        lost: { loadBalancer: { ...base.services.s!.loadBalancer, serversTransport: 'none' } },
      },
      serversTransports: base.serversTransports,
      middlewares: {
        good: { type: 'headers', options: {} },
        bad: { type: 'chain', options: { middlewares: ['goood'] } },
      },
      routers: {
        ok: { ...router, middlewares: ['good'], service: 't' },
        service: { ...router, service: 'ss' },
        transport: { ...router, service: 'lost' },
        middleware: { ...router, middlewares: ['gone', 'good'] },
        chain: { ...router, middlewares: ['bad'] },
        object: { ...router, service: 'constructor' },
      },
    }),
  );
  const { diagnostics, unusable } = checkReferences(http, ['web']);
  assert.deepEqual([...unusable.routers].sort(), [
    'chain@file',
    'middleware@file',
    'object@file',
    'service@file',
    'transport@file',
  ]);
  assert.deepEqual([...unusable.services], ['lost@file']);
  assert.deepEqual([...unusable.middlewares], ['bad@file']);
  const hintOf = (object: string) => diagnostics.find((each) => each.object === object)?.hint;
  assert.equal(hintOf('http.routers.service@file'), 'did you mean "s@file"?');
  assert.equal(hintOf('http.middlewares.bad@file'), 'did you mean "good@file"?');
  assert.ok(diagnostics.every(({ severity }) => severity === 'error'));
});

test('unknown entry points: a warning while another one remains', () => {
  const http = qualifyNames(
    'file',
    configuration({
      services: base.services,
      serversTransports: base.serversTransports,
      routers: {
        some: { ...router, entryPoints: ['web', 'wep'] },
        none: { ...router, entryPoints: ['wep'] },
        all: router,
      },
    }),
  );
  const { diagnostics, unusable } = checkReferences(http, ['web']);
  assert.deepEqual([...unusable.routers], ['none@file']);
  assert.deepEqual(
    diagnostics.map(({ severity, object }) => [severity, object]),
    [
      ['warning', 'http.routers.some@file'],
      ['error', 'http.routers.none@file'],
    ],
  );
});

test('chains that contain themselves', () => {
  const chain = (...middlewares: string[]) => ({ type: 'chain', options: { middlewares } });
  const http = qualifyNames(
    'file',
    configuration({
      middlewares: {
        a: chain('b'),
        b: chain('c', 'd'),
        c: chain('a'),
        d: { type: 'headers', options: {} },
        self: chain('self'),
        fine: chain('d', 'd'),
      },
    }),
  );
  const { diagnostics, unusable } = checkReferences(http, []);
  assert.deepEqual([...unusable.middlewares].sort(), ['a@file', 'b@file', 'c@file', 'self@file']);
  const circles = diagnostics.filter(({ code }) => code === 'CONFIG_RECURSION').map(({ message }) => message);
  assert.equal(circles.length, 2);
  assert.match(circles[0]!, /a@file -> b@file -> c@file -> a@file$/);
});

test('very long chains of chains end in an error, not in a stack overflow', () => {
  const middlewares: Record<string, unknown> = { m0: { type: 'headers', options: {} } };
  for (let index = 50_000; index > 0; index--)
    middlewares[`m${index}`] = { type: 'chain', options: { middlewares: [`m${index - 1}`] } };
  const { unusable } = checkReferences(qualifyNames('file', configuration({ middlewares })), []);
  assert.ok(unusable.middlewares.has('m50000@file'));
  assert.ok(!unusable.middlewares.has('m0@file'));
});

test('middlewares of entry points', () => {
  const http = configuration({ middlewares: { 'auth@file': { type: 'headers', options: {} } } });
  const { diagnostics, unusable } = checkReferences(http, ['a', 'b'], {
    a: ['auth@file'],
    b: ['auth@file', 'gone@file'],
  });
  assert.deepEqual([...unusable.entryPoints], ['b']);
  assert.equal(diagnostics[0]!.object, 'entryPoints.b');
});

test('default entry points', () => {
  const entryPoint = (asDefault: boolean) => entryPointSchema.parse({ address: ':80', asDefault });
  assert.deepEqual(defaultEntryPoints({ web: entryPoint(false), traefik: entryPoint(false), api: entryPoint(false) }), [
    'api',
    'web',
  ]);
  assert.deepEqual(defaultEntryPoints({ web: entryPoint(false), api: entryPoint(true) }), ['api']);
});
