// TLS objects through the file provider: merged over files, kept when refused, found again by where they stand.

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { certificatePath } from '@sluice/config';
import { ProviderBench } from '../testing/provider-bench.ts';

function bench(t: TestContext): ProviderBench {
  const made = new ProviderBench();
  t.after(() => made.close());
  return made;
}

const pair = (name: string) => `{ certFile: /${name}.crt, keyFile: /${name}.key }`;
const served = ({ latest }: ProviderBench) => latest.tls.certificates.map(({ certFile }) => certFile);

test('certificates of all files, each once; options and stores: the first file that defines a name keeps it', async (t) => {
  const b = bench(t);
  b.write('a.yml', `tls:\n  certificates: [${pair('a')}, ${pair('b')}]\n  options: { strict: { sniStrict: true } }\n`);
  b.write(
    'b.yml',
    `tls:\n  certificates: [${pair('b')}, ${pair('c')}]\n  options: { strict: {}, own: {} }\n  stores: { default: {} }\n`,
  );
  await b.start({ watch: false });
  assert.deepEqual(served(b), ['/a.crt', '/b.crt', '/c.crt']);
  const { options, stores } = b.latest.tls;
  assert.deepEqual([Object.keys(options), Object.keys(stores)], [['strict', 'own'], ['default']]);
  assert.equal(options.strict!.sniStrict, true);
  assert.deepEqual(
    b.latest.diagnostics.map(({ severity, object, file }) => [severity, object, file]),
    [['warning', 'tls.options.strict', b.path('b.yml')]],
  );
});

test('what is refused keeps its last good version; what is gone goes', async (t) => {
  const b = bench(t);
  const write = (certificates: string, versions: string) =>
    b.write('a.yml', `tls:\n  certificates: [${certificates}]\n  options: { strict: { minVersion: ${versions} } }\n`);
  write(`${pair('a')}, ${pair('b')}`, 'VersionTLS13');
  const provider = await b.start({ watch: false });
  write(`${pair('new')}, { certFile: /b.crt }`, 'VersionTLS9');
  await provider.reload();
  assert.deepEqual(served(b), ['/new.crt', '/a.crt', '/b.crt']);
  assert.equal(b.latest.tls.options.strict!.minVersion, 'VersionTLS13');
  assert.deepEqual(
    b.latest.diagnostics.map(({ object, hint }) => [object, /previous version stays/.test(hint ?? '')]),
    [
      ['tls.certificates[1]', true],
      ['tls.options.strict', true],
    ],
  );
  write(pair('b'), 'VersionTLS12');
  await provider.reload();
  assert.deepEqual([served(b), b.latest.tls.options.strict!.minVersion], [['/b.crt'], 'VersionTLS12']);
  b.write('a.yml', 'tls: { certificates: [');
  await provider.reload();
  assert.deepEqual([served(b), Object.keys(b.latest.tls.options)], [['/b.crt'], ['strict']]);
  b.write('a.yml', 'http: {}');
  await provider.reload();
  assert.deepEqual([served(b), Object.keys(b.latest.tls.options)], [[], []]);
});

test('a certificate is found by what it says, wherever it stands in its list', async (t) => {
  const b = bench(t);
  b.write('a.yml', `tls:\n  certificates:\n    - { certFile: /x }\n    - ${pair('a')}\n  options:\n    own: {}\n`);
  await b.start({ watch: false });
  const { positionOf, tls } = b.latest;
  assert.deepEqual(positionOf(certificatePath(tls.certificates[0]!)), { file: b.path('a.yml'), line: 4, column: 7 });
  assert.deepEqual(positionOf('tls.options.own'), { file: b.path('a.yml'), line: 6, column: 5 });
  assert.ok(!certificatePath({ certFile: 'c', keyFile: 'SECRET', stores: [] }).includes('SECRET'));
});
