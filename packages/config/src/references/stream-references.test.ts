// What TCP and UDP objects refer to: under which names, and what is said when it is not there.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { decodeDynamic } from '../dynamic/decode-dynamic.ts';
import { checkStreamReferences } from './check-stream-references.ts';
import { checkTlsReferences } from './check-tls-references.ts';
import { qualifyRouted } from './qualify-names.ts';

const ENTRY_POINTS = {
  db: { address: ':5432', asDefault: false },
  dns: { address: ':53/udp', asDefault: false },
};

function routed(text: string) {
  const decoded = decodeDynamic({
    text,
    format: 'yaml',
    file: 'f',
    middlewareTypes: new Map([['headers', { type: 'headers', schema: z.object({}) }]]),
  });
  assert.deepEqual(decoded.diagnostics, []);
  return qualifyRouted('file', decoded);
}

function check(text: string, entryPoints: Parameters<typeof checkStreamReferences>[1] = ENTRY_POINTS) {
  const { diagnostics, unusable } = checkStreamReferences(routed(text), entryPoints);
  const said = diagnostics.map(({ severity, object, message, hint }) => `${severity} ${object}: ${message}; ${hint}`);
  const names = [unusable.tcp.routers, unusable.tcp.services, unusable.udp.routers, unusable.udp.services];
  return { said, unusable: names.map((each) => [...each].sort()) };
}

test('every reference is qualified with the provider, unless it names one', () => {
  const { tcp, udp } = routed(`
tcp:
  routers:
    r: { rule: "HostSNI(\`*\`)", service: s, middlewares: [m, n@kv], tls: { options: strict } }
    d: { rule: "HostSNI(\`*\`)", service: s@kv, tls: {} }
  services:
    s: { loadBalancer: { serversTransport: t } }
    w: { weighted: { services: [{ name: s }, { name: x@kv, weight: 2 }] } }
    f: { failover: { service: s, fallback: y@kv } }
    plain: { loadBalancer: {} }
  middlewares: { m: { inFlightConn: {} } }
  serversTransports: { t: {} }
udp:
  routers: { r: { service: s } }
  services: { s: { weighted: { services: [{ name: t }] } } }`);
  const { 'r@file': r, 'd@file': d } = tcp.routers;
  assert.deepEqual([r!.service, r!.middlewares, r!.tls!.options], ['s@file', ['m@file', 'n@kv'], 'strict@file']);
  assert.deepEqual([d!.service, d!.tls!.options], ['s@kv', 'default']);
  assert.equal(tcp.services['s@file']!.loadBalancer!.serversTransport, 't@file');
  assert.equal(tcp.services['plain@file']!.loadBalancer!.serversTransport, '');
  assert.deepEqual(tcp.services['w@file']!.weighted!.services, [
    { name: 's@file', weight: 1 },
    { name: 'x@kv', weight: 2 },
  ]);
  assert.deepEqual(tcp.services['f@file']!.failover, { service: 's@file', fallback: 'y@kv' });
  assert.deepEqual([Object.keys(tcp.middlewares), Object.keys(tcp.serversTransports)], [['m@file'], ['t@file']]);
  assert.equal(udp.routers['r@file']!.service, 's@file');
  assert.equal(udp.services['s@file']!.weighted!.services[0]!.name, 't@file');
});

test('what does not exist, or cannot be used, makes only those unusable that need it', () => {
  const { said, unusable } = check(`
tcp:
  routers:
    good: { rule: "HostSNI(\`*\`)", service: good, middlewares: [lan] }
    service: { rule: "HostSNI(\`*\`)", service: goood }
    middleware: { rule: "HostSNI(\`*\`)", service: good, middlewares: [lan, lam] }
    broken: { rule: "HostSNI(\`*\`)", service: transport }
    udp: { rule: "HostSNI(\`*\`)", service: good, entryPoints: [dns] }
    one: { rule: "HostSNI(\`*\`)", service: good, entryPoints: [dbb, db] }
  services:
    good: { loadBalancer: { serversTransport: default@internal } }
    transport: { loadBalancer: { serversTransport: gone } }
    child: { weighted: { services: [{ name: good }, { name: gone }] } }
  middlewares: { lan: { ipAllowList: { sourceRange: ["::1"] } } }
udp:
  routers:
    good: { service: s }
    tcp: { service: s, entryPoints: [db] }
    other: { service: good }
  services: { s: { loadBalancer: {} } }`);
  assert.deepEqual(said, [
    'error tcp.services.child@file: the service "gone@file" does not exist; did you mean "good@file"?',
    'error tcp.services.transport@file: the servers transport "gone@file" does not exist; undefined',
    'error tcp.routers.service@file: the service "goood@file" does not exist; did you mean "good@file"?',
    'error tcp.routers.middleware@file: the middleware "lam@file" does not exist; did you mean "lan@file"?',
    'error tcp.routers.broken@file: the service "transport@file" cannot be used, see its own message; undefined',
    'error tcp.routers.udp@file: the entry point "dns" is of UDP (:53/udp); undefined',
    'warning tcp.routers.one@file: there is no entry point "dbb"; the others are used; did you mean "db"?',
    'error udp.routers.tcp@file: the entry point "db" is of TCP (:5432); undefined',
    'error udp.routers.other@file: the service "good@file" does not exist; undefined',
  ]);
  assert.deepEqual(unusable, [
    ['broken@file', 'middleware@file', 'service@file', 'udp@file'],
    ['child@file', 'transport@file'],
    ['other@file', 'tcp@file'],
    [],
  ]);
});

test('services that contain themselves, and all that contain those, cannot be used', () => {
  const { said, unusable } = check(`
tcp:
  services:
    self: { weighted: { services: [{ name: self }] } }
    a: { failover: { service: leaf, fallback: b } }
    b: { weighted: { services: [{ name: leaf }, { name: a }] } }
    outer: { weighted: { services: [{ name: b }] } }
    twice: { weighted: { services: [{ name: leaf }, { name: leaf }] } }
    leaf: { loadBalancer: { healthCheck: {} } }`);
  assert.deepEqual(
    said.map((each) => each.slice(6, 120)),
    [
      'tcp.services.b@file: services must not contain themselves: a@file -> b@file -> a@file; undefined',
      'tcp.services.a@file: the service "b@file" cannot be used, see its own message; undefined',
      'tcp.services.outer@file: the service "b@file" cannot be used, see its own message; undefined',
      'tcp.services.self@file: services must not contain themselves: self@file -> self@file; undefined',
    ],
  );
  assert.deepEqual(unusable[1], ['a@file', 'b@file', 'outer@file', 'self@file']);
});

test('services are nested as deep as the bound, and no deeper, whichever is looked at first', () => {
  const chain = (length: number, nameOf: (index: number) => string) => {
    const lines = Array.from({ length }, (_, index) => {
      const inside =
        index === length - 1 ? '{ loadBalancer: {} }' : `{ weighted: { services: [{ name: ${nameOf(index + 1)} }] } }`;
      return `    ${nameOf(index)}: ${inside}`;
    });
    return check(`tcp:\n  services:\n${lines.join('\n')}`);
  };
  const number = (index: number) => String(index).padStart(3, '0');
  for (const nameOf of [(index: number) => `s${number(index)}`, (index: number) => `s${number(999 - index)}`]) {
    assert.deepEqual(chain(8, nameOf).said, []);
    const { said, unusable } = chain(10, nameOf);
    // Those in the middle are good for others.
    assert.deepEqual(unusable[1], [`${nameOf(0)}@file`, `${nameOf(1)}@file`].sort());
    assert.match(said[0]!, /services may be nested in at most 8 levels, the one with servers included/);
    assert.match(said[1]!, /cannot be used, see its own message/);
  }
  assert.notEqual(chain(300, (index) => `s${number(index)}`).said.length, 0, 'a chain without end');
});

test('where health decides, it has to be known', () => {
  const { said } = check(`
tcp:
  services:
    weighted: { weighted: { healthCheck: {}, services: [{ name: checked }, { name: unchecked }] } }
    nested: { weighted: { healthCheck: {}, services: [{ name: fine }, { name: inner }] } }
    fine: { weighted: { healthCheck: {}, services: [{ name: checked }] } }
    inner: { failover: { service: checked, fallback: unchecked } }
    failover: { failover: { service: unchecked, fallback: checked } }
    last: { failover: { service: checked, fallback: unchecked } }
    same: { failover: { service: unchecked, fallback: unchecked } }
    checked: { loadBalancer: { healthCheck: {} } }
    unchecked: { loadBalancer: {} }`);
  assert.deepEqual(
    said.map((each) =>
      /services\.(\w+)@file: the health of the service "(\w+)@file" is not known/.exec(each)?.slice(1),
    ),
    [
      ['failover', 'unchecked'],
      ['nested', 'inner'],
      ['same', 'unchecked'],
      ['weighted', 'unchecked'],
    ],
  );
});

test('without a static configuration nothing is said of entry points; without one of UDP, its routers are nowhere', () => {
  const text = 'udp: { routers: { r: { service: s } }, services: { s: { loadBalancer: {} } } }';
  const { diagnostics } = checkStreamReferences(routed(text), undefined);
  assert.deepEqual(diagnostics, []);
  assert.match(check(text, { db: ENTRY_POINTS.db }).said[0]!, /udp.routers.r@file: there is no entry point for UDP/);
});

test('TLS options count where TLS ends here', () => {
  const { http, tcp } = routed(`
tcp:
  routers:
    lost: { rule: HostSNI(\`a\`), service: s, tls: { options: gone } }
    through: { rule: HostSNI(\`a\`), service: s, tls: { options: gone, passthrough: true } }
    plain: { rule: "HostSNI(\`*\`)", service: s }`);
  const { diagnostics, unusable } = checkTlsReferences({ http, tcp, entryPoints: {}, options: [], resolvers: [] });
  assert.deepEqual([...(unusable.tcpRouters ?? [])], ['lost@file']);
  assert.deepEqual(
    diagnostics.map(({ object }) => object),
    ['tcp.routers.lost@file'],
  );
});
