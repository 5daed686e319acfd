// The list of scenarios: names, who takes part, and that each has the numbers its table promises.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PEERS, sluice } from '../proxies/registry.ts';
import { SCENARIOS, scenariosNamed } from './registry.ts';
import { labelOf } from './scenario.ts';

test('names are unique and found', () => {
  const names = SCENARIOS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(
    scenariosNamed(['idle-1000', 'small']).map(({ name }) => name),
    ['idle-1000', 'small'],
  );
  assert.throws(() => scenariosNamed(['quick']), /no scenario "quick"; known: small/);
});

test('Sluice takes part in everything, labels tell subjects apart', () => {
  for (const { name, subjects } of SCENARIOS) {
    const labels = subjects([sluice, ...PEERS]).map(labelOf);
    assert.ok(
      labels.some((label) => label.startsWith('sluice')),
      name,
    );
    assert.equal(new Set(labels).size, labels.length, name);
  }
});

test('peers stay away from what makes no sense for them', () => {
  const names = (scenario: string) =>
    scenariosNamed([scenario])[0]!
      .subjects([sluice, ...PEERS])
      .map(labelOf);
  assert.ok(!names('reload').includes('envoy'));
  assert.ok(!names('routers-100000').includes('caddy'));
  assert.ok(names('routers-1000').includes('caddy'));
  assert.ok(names('two-workers').includes('nginx, 2 workers'));
  assert.deepEqual(names('pgbench'), ['sluice', 'haproxy', 'nginx', 'traefik', 'direct']);
  assert.deepEqual(names('udp-small'), ['sluice', 'nginx', 'traefik']);
  assert.deepEqual(names('tcp-bulk'), ['sluice', 'haproxy', 'haproxy-splicing', 'nginx', 'traefik']);
  assert.deepEqual(names('tcp-small'), ['sluice', 'haproxy', 'nginx', 'traefik']);
});
