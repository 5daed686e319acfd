import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { certificatePath, decodeDynamic, mergeTls } from '@sluice/config';
import { formatDiagnostic } from '@sluice/errors';
import { MadeCertificates, type MadePair } from '../../test/support/made-certificates.ts';
import { KeyPairLoader } from './key-pair-loader.ts';
import { type LoadedTls, loadTls } from './load-tls.ts';

const NOW = Date.now();

/** What a node would do at every change: one loader, many loads. */
class Site {
  readonly made: MadeCertificates;
  readonly loader: KeyPairLoader;

  constructor(made: MadeCertificates) {
    this.made = made;
    this.loader = new KeyPairLoader(made.folder);
  }

  async load(tls: unknown): Promise<LoadedTls & { readonly messages: string }> {
    const text = JSON.stringify({ tls });
    const decoded = decodeDynamic({ text, format: 'json', file: 'f', middlewareTypes: new Map() });
    assert.deepEqual(decoded.diagnostics, []);
    const merged = mergeTls(new Map([['file', decoded.tls]]), []);
    const loaded = await loadTls({ tls: merged, loader: this.loader, folder: this.made.path('kept'), nowMs: NOW });
    return { ...loaded, messages: loaded.diagnostics.map(formatDiagnostic).join('\n') };
  }
}

const textOf = (path: string) => readFileSync(path, 'latin1');
const namesOf = ({ pairs }: LoadedTls) => pairs.map(({ names }) => names.join());

test('paths and contents; one that cannot be read costs only itself; everything named can be watched', async (context) => {
  const made = new MadeCertificates(context);
  const [a, b, c] = ['a', 'b', 'c'].map((commonName) => made.make({ commonName })) as [MadePair, MadePair, MadePair];
  const loaded = await new Site(made).load({
    certificates: [
      a,
      { certFile: textOf(b.certFile), keyFile: textOf(b.keyFile) },
      { certFile: made.path('none.crt'), keyFile: made.path('none.key') },
      { certFile: a.certFile, keyFile: b.keyFile },
      { certFile: '3.crt', keyFile: '3.key' },
      { ...a },
    ],
  });
  assert.deepEqual(namesOf(loaded), ['a', 'b', 'c']);
  assert.equal(loaded.messages.split('\n').length, 2);
  assert.match(
    loaded.messages,
    /error: the pair of \S+none.crt cannot be used: the certificate is neither PEM nor a file that exists: \S+none.crt \[tls.certificates@file\]/,
  );
  assert.match(loaded.messages, /the key does not belong to the certificate/);
  const files = [a.certFile, a.keyFile, b.keyFile, c.certFile, c.keyFile, made.path('none.crt'), made.path('none.key')];
  assert.deepEqual(loaded.paths, files.sort());
});

test('files that are replaced one after the other: the last good pair stays until they fit again', async (context) => {
  const made = new MadeCertificates(context);
  const site = new Site(made);
  const served = made.make({ commonName: 'old' });
  const renewed = made.make({ commonName: 'new' });
  assert.deepEqual(namesOf(await site.load({ certificates: [served] })), ['old']);
  writeFileSync(served.certFile, readFileSync(renewed.certFile));
  const between = await site.load({ certificates: [served] });
  assert.deepEqual(namesOf(between), ['old']);
  assert.match(between.messages, /does not belong to the certificate .*\(the previous version stays in use\)/);
  writeFileSync(served.keyFile, readFileSync(renewed.keyFile));
  const after = await site.load({ certificates: [served] });
  assert.deepEqual([namesOf(after), after.messages], [['new'], '']);
  rmSync(served.keyFile);
  assert.deepEqual(namesOf(await site.load({ certificates: [served] })), ['new']);
  await site.load({ certificates: [] });
  assert.deepEqual(namesOf(await site.load({ certificates: [served] })), [], 'what nobody names is forgotten');
});

test('content that is the same is not parsed again', async (context) => {
  const made = new MadeCertificates(context);
  const site = new Site(made);
  const pair = made.make({ commonName: 'a' });
  const [first] = (await site.load({ certificates: [pair] })).pairs;
  assert.equal((await site.load({ certificates: [pair] })).pairs[0], first);
});

test('the default certificate: the declared one, else the generated one, never none', async (context) => {
  const made = new MadeCertificates(context);
  const site = new Site(made);
  const pair = made.make({ commonName: 'mine' });
  const generated = await site.load({});
  assert.equal(generated.defaultPair!.commonName, 'SLUICE DEFAULT CERT');
  assert.equal((await site.load({})).defaultPair!.id, generated.defaultPair!.id);
  const declared = { stores: { default: { defaultCertificate: pair } } };
  assert.deepEqual((await site.load(declared)).defaultPair!.names, ['mine']);
  writeFileSync(pair.certFile, 'rubbish');
  const kept = await site.load(declared);
  assert.deepEqual(kept.defaultPair!.names, ['mine']);
  assert.match(
    kept.messages,
    /error: the pair of the default certificate cannot be used: .*\[tls.stores.default\] \(the previous/,
  );
  const fresh = await new Site(made).load(declared);
  assert.equal(fresh.defaultPair!.id, generated.defaultPair!.id);
});

test('no default certificate is generated where none is wanted; where one stands is said', async (context) => {
  const made = new MadeCertificates(context);
  const certificate = { certFile: made.path('none.crt'), keyFile: made.path('none.key'), stores: ['default'] };
  const tls = { certificates: [{ ...certificate, provider: 'file' }], options: {}, stores: {}, diagnostics: [] };
  const position = { file: 'd.yaml', line: 3, column: 5 };
  const loaded = await loadTls({
    tls,
    loader: new KeyPairLoader(made.folder),
    folder: made.path('kept'),
    nowMs: NOW,
    generatesDefault: false,
    positionOf: (provider, path) =>
      provider === 'file' && path === certificatePath(certificate) ? position : undefined,
  });
  assert.deepEqual([loaded.defaultPair, loaded.isDefaultGenerated], [undefined, false]);
  assert.match(formatDiagnostic(loaded.diagnostics[0]!), /^d\.yaml:3:5: error: .* \[tls\.certificates@file\]$/);
});

test('what has a name goes on as it was when the configuration names files that are not there', async (context) => {
  const made = new MadeCertificates(context);
  const loader = new KeyPairLoader(made.folder);
  const pair = made.make({ commonName: 'mine' });
  const load = async (ca: string, certFile: string, previous?: LoadedTls) => {
    const text = JSON.stringify({
      tls: {
        options: { mtls: { clientAuth: { caFiles: [ca] } } },
        stores: { default: { defaultCertificate: { ...pair, certFile } } },
      },
    });
    const { tls } = decodeDynamic({ text, format: 'json', file: 'f', middlewareTypes: new Map() });
    const merged = mergeTls(new Map([['file', tls]]), []);
    return await loadTls({ tls: merged, loader, folder: made.path('kept'), nowMs: NOW, previous });
  };
  const good = await load(pair.certFile, pair.certFile);
  const kept = await load('/no/ca.pem', '/no/mine.crt', good);
  assert.deepEqual([kept.defaultPair, kept.isDefaultGenerated], [good.defaultPair, false]);
  assert.deepEqual(kept.optionSets.get('mtls@file'), good.optionSets.get('mtls@file'));
  assert.deepEqual(
    kept.diagnostics.map(({ hint }) => hint),
    ['the previous version stays in use', 'the previous version stays in use'],
  );
  const fresh = await load('/no/ca.pem', '/no/mine.crt');
  assert.deepEqual([fresh.isDefaultGenerated, fresh.optionSets.has('mtls@file')], [true, false]);
});

test('authorities of clients: all of them, or the set cannot be used', async (context) => {
  const made = new MadeCertificates(context);
  const site = new Site(made);
  const [one, two] = [made.make({ commonName: 'one' }), made.make({ commonName: 'two' })];
  const bundle = made.write('bundle.pem', textOf(one.certFile) + textOf(two.certFile));
  const options = { mtls: { clientAuth: { caFiles: [bundle, textOf(one.certFile)] } } };
  const good = await site.load({ options });
  assert.equal(good.optionSets.get('mtls@file')!.clientAuthorities.match(/BEGIN/g)!.length, 3);
  assert.deepEqual([...good.optionSets.keys()], ['default', 'mtls@file']);
  assert.deepEqual(good.paths, [bundle]);
  writeFileSync(bundle, 'rubbish');
  const kept = await site.load({ options });
  assert.equal(kept.optionSets.get('mtls@file')!.clientAuthorities.match(/BEGIN/g)!.length, 3);
  assert.match(
    kept.messages,
    /"clientAuth.caFiles\[0\]" holds no certificate in PEM \[tls.options.mtls@file\] \(the previous/,
  );
  const fresh = await new Site(made).load({ options: { ...options, default: options.mtls } });
  assert.deepEqual([...fresh.optionSets.keys()], []);
  assert.match(fresh.messages, /" holds no certificate in PEM; routers with these options are closed/);
});

test('odd files are refused at once', { timeout: 20_000 }, async (context) => {
  const made = new MadeCertificates(context);
  const { keyFile } = made.make({ commonName: 'a' });
  execFileSync('mkfifo', [made.path('pipe')]);
  symlinkSync(made.path('loop'), made.path('loop'));
  const complaint = async (certFile: string) =>
    (await new Site(made).load({ certificates: [{ certFile, keyFile }] })).messages;
  assert.match(await complaint(made.path('pipe')), /the certificate is not a regular file: /);
  assert.match(await complaint(made.folder), /the certificate is not a regular file: /);
  assert.match(await complaint(made.path('loop')), /the certificate cannot be read \(ELOOP\): /);
  assert.match(await complaint('/dev/zero'), /the certificate is not a regular file: /);
  assert.match(await complaint(`${keyFile}/x`), /neither PEM nor a file that exists/);
});

test('a key that was pasted without its frame appears nowhere', async (context) => {
  const made = new MadeCertificates(context);
  const pair = made.make({ commonName: 'a' });
  const bare = textOf(pair.keyFile).replace(/-----.*-----|\n/g, '');
  assert.ok(bare.length > 100);
  for (const certificates of [
    [{ certFile: pair.certFile, keyFile: bare }],
    [{ certFile: bare, keyFile: pair.keyFile }],
    [{ certFile: textOf(pair.keyFile), keyFile: textOf(pair.certFile) }],
  ]) {
    const loaded = await new Site(made).load({ certificates });
    assert.equal(loaded.diagnostics.length, 1);
    assert.ok(!inspect(loaded, { depth: 9 }).includes(bare.slice(0, 40)), inspect(loaded));
  }
});
