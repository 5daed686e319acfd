import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeStaticText } from '../static/load-static.ts';
import { checkReferences } from './check-references.ts';
import { ALL_INTERNAL_SERVICES, internalObjects } from './internal-objects.ts';
import { qualifyNames } from './qualify-names.ts';

function objectsOf(text: string, socket = '/run/a b/#1?/admin.sock') {
  const { configuration } = decodeStaticText(`entryPoints: { web: { address: ":80" } }\n${text}`, 'yaml', 'f');
  return qualifyNames('internal', internalObjects(configuration, socket));
}

test('nothing is there that is not switched on', () => {
  const { routers, services } = objectsOf('log: {}');
  assert.deepEqual([routers, services], [{}, {}]);
});

test('routers before all others, to services that are told apart by their host', () => {
  const { routers, services } = objectsOf('ping: { entryPoint: web }\nmetrics: { prometheus: {} }');
  assert.deepEqual(routers['ping@internal'], {
    entryPoints: ['web'],
    rule: 'PathPrefix(`/ping`)',
    priority: 9223372036854775807n,
    middlewares: [],
    service: 'ping@internal',
  });
  assert.deepEqual(routers['prometheus@internal']!.entryPoints, ['traefik']);
  assert.equal(routers['prometheus@internal']!.rule, 'PathPrefix(`/metrics`)');
  const { servers, passHostHeader } = services['ping@internal']!.loadBalancer;
  assert.deepEqual(servers, [{ url: 'unix://ping/run/a%20b/%231%3F/admin.sock', weight: 1, preservePath: false }]);
  assert.equal(passHostHeader, false);
});

test('with manualRouting there is the service alone', () => {
  const { routers, services } = objectsOf(
    'ping: { manualRouting: true }\nmetrics: { prometheus: { manualRouting: true } }',
  );
  assert.deepEqual(routers, {});
  assert.deepEqual(Object.keys(services), ['ping@internal', 'prometheus@internal']);
});

test('a router to a service that is not switched on says what is missing', () => {
  const router = { entryPoints: [], rule: 'Path(`/`)', priority: 0n, middlewares: [] };
  const routers = Object.fromEntries(
    ['ping', 'prometheus', 'api', 'nonsense'].map((name) => [
      `${name}@file`,
      { ...router, service: `${name}@internal` },
    ]),
  );
  const { services } = objectsOf('ping: {}');
  const report = checkReferences({ routers, services, middlewares: {}, serversTransports: {} }, ['web']);
  assert.deepEqual([...report.unusable.routers], ['prometheus@file', 'api@file', 'nonsense@file']);
  assert.deepEqual(
    report.diagnostics.map(({ message }) => message),
    [
      'the service "prometheus@internal" is not enabled: the static configuration has no "metrics.prometheus"',
      'the service "api@internal" is not supported by this version yet',
      'there is no internal service "nonsense@internal"',
    ],
  );
});

test('redirections are routers before those of users, to where the other entry point listens', () => {
  const { configuration } = decodeStaticText(
    `entryPoints:
      web: { address: ":80", http: { redirections: { entryPoint: { to: "web.secure!" } } } }
      "web.secure!": { address: "[::1]:8443" }
      b_1: { address: ":81", http: { redirections: { entryPoint: { to: ":443", scheme: http, permanent: false, priority: 5 } } } }
      b-1: { address: ":82", http: { redirections: { entryPoint: { to: ":443" } } } }
      any: { address: ":83", http: { redirections: { entryPoint: { to: unbound } } } }
      unbound: { address: ":0" }`,
    'yaml',
    'f',
  );
  const { routers, middlewares, services } = qualifyNames('internal', internalObjects(configuration, '/s'));
  assert.deepEqual(routers['web-to-web-secure@internal'], {
    entryPoints: ['web'],
    rule: 'HostRegexp(`^.+$`)',
    priority: 9223372036854775806n,
    middlewares: ['redirect-web-to-web-secure@internal'],
    service: 'noop@internal',
  });
  assert.deepEqual(Object.keys(routers).slice(1), [
    'b-1-to-443@internal',
    'b-1-to-443-2@internal',
    'any-to-unbound@internal',
  ]);
  assert.deepEqual(
    Object.values(middlewares).map(({ type, options }) => [type, options]),
    [
      ['redirectScheme', { scheme: 'https', port: '8443', permanent: true }],
      ['redirectScheme', { scheme: 'http', port: '443', permanent: false }],
      ['redirectScheme', { scheme: 'https', port: '443', permanent: true }],
      ['redirectScheme', { scheme: 'https', port: '', permanent: true }],
    ],
  );
  assert.equal(routers['b-1-to-443@internal']!.priority, 5n);
  assert.deepEqual(Object.keys(services), ['noop@internal']);
});

test('tools that know no static configuration know every service', () => {
  const services = Object.keys(internalObjects(ALL_INTERNAL_SERVICES, '').services);
  assert.deepEqual(services.sort(), ['noop', 'ping', 'prometheus']);
});
