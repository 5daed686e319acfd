// TCP and UDP objects through the file provider: merged over files, kept when refused, also where names are those of HTTP objects.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProviderBench } from '../testing/provider-bench.ts';

const router = (service: string) => `{ rule: "HostSNI(\`*\`)", service: ${service} }`;

test('the first file that defines a name keeps it; what is refused keeps its last good version; what is gone goes', async (t) => {
  const b = new ProviderBench();
  t.after(() => b.close());
  b.write(
    'a.yml',
    `tcp: { routers: { web: ${router('one')} } }\nhttp: { routers: { web: { rule: x, service: h } } }\n`,
  );
  b.write('b.yml', `tcp: { routers: { web: ${router('two')} } }\nudp: { routers: { web: { service: u } } }\n`);
  const provider = await b.start({ watch: false });
  const served = () => {
    const { http, tcp, udp } = b.latest;
    return [http, tcp, udp].map(({ routers }) => routers.web?.service);
  };
  assert.deepEqual(served(), ['h', 'one', 'u']);
  assert.deepEqual(
    b.latest.diagnostics.map(({ severity, object, file }) => [severity, object, file]),
    [['warning', 'tcp.routers.web', b.path('b.yml')]],
  );
  b.write('a.yml', 'tcp: { routers: { web: { rule: [], service: three } } }\n');
  b.write('b.yml', 'udp: { routers: [] }\n');
  await provider.reload();
  assert.deepEqual(served(), [undefined, 'one', 'u']);
  const kept = b.latest.diagnostics.map(({ object, hint }) => [object, /previous version stays/.test(hint ?? '')]);
  assert.deepEqual(kept[0], ['tcp.routers.web', true]);
  b.write('a.yml', 'tcp: {}\n');
  b.write('b.yml', 'udp: { routers: { other: { service: u } } }\n');
  await provider.reload();
  assert.deepEqual([served(), Object.keys(b.latest.udp.routers)], [[undefined, undefined, undefined], ['other']]);
});
