// Checks of UDP servers as they are configured: with a datagram, with a connection, and none.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDynamic, qualifyRouted } from '@sluice/config';
import { middlewareTypes } from '@sluice/middlewares';
import { streamServerKey } from '@sluice/routing';
import { udpHealthTargetsOf } from './udp-health-targets.ts';

const SCHEDULE = {
  interval: 2_000,
  unhealthyInterval: 2_000,
  timeout: 5_000,
  healthyThreshold: 1,
  unhealthyThreshold: 3,
  initialState: 'up',
};

function targetsOf(services: string) {
  const text = `udp: { services: ${services} }`;
  const decoded = decodeDynamic({ text, format: 'yaml', file: 't', middlewareTypes, unknownKeys: 'error' });
  assert.deepEqual(decoded.diagnostics, []);
  const { udp } = qualifyRouted('file', decoded);
  return udpHealthTargetsOf(udp, new Map([[streamServerKey('udp', 's@file', '10.0.0.1:53'), 7]]));
}

const servers = [{ url: '10.0.0.1:53', statusRow: 7 }];

test('without a check servers count as up', () => {
  const targets = targetsOf('{ s: { loadBalancer: { servers: [{ address: "10.0.0.1:53" }] } } }');
  assert.deepEqual(targets, [{ kind: 'udp', service: 's@file', servers }]);
});

for (const [mode, kind] of [
  ['udp', 'udp'],
  ['tcp', 'tcp'],
] as const) {
  test(`mode ${mode}`, () => {
    const check = `{ mode: ${mode}, send: hello, expect: hi, port: 54, interval: 2s, unhealthyThreshold: 3 }`;
    const [target] = targetsOf(
      `{ s: { loadBalancer: { servers: [{ address: "10.0.0.1:53" }], healthCheck: ${check} } } }`,
    );
    const more = kind === 'udp' ? {} : { mode: 'tcp', user: '', password: '', database: '', role: 'any' };
    assert.deepEqual(target, {
      kind,
      service: 's@file',
      servers,
      healthCheck: { ...SCHEDULE, port: 54, send: 'hello', expect: 'hi', ...more },
    });
  });
}

test('services made of others have no servers of their own', () => {
  const services =
    '{ s: { loadBalancer: { servers: [{ address: "10.0.0.1:53" }] } }, w: { weighted: { services: [{ name: s }] } } }';
  assert.equal(targetsOf(services).length, 1);
});
