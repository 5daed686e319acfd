import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DEFAULT_CERTIFICATE_FILE, keptDefaultCertificate } from '@sluice/certificates';
import { decodeDynamic, decodeStaticText, mergeTls } from '@sluice/config';
import { eventually } from '../../test/support/eventually.ts';
import { tlsStateFolder } from './state-folder.ts';
import { TlsLoading } from './tls-loading.ts';

const { configuration } = decodeStaticText('entryPoints: { web: { address: ":443" } }', 'yaml', 'static.yaml');

function siteOf(context: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-loading-'));
  const state = { changes: 0 };
  const loading = new TlsLoading({
    folder: join(folder, 'kept'),
    workingDirectory: folder,
    environment: {},
    defaultTransport: configuration.serversTransport,
    onFilesChanged: () => state.changes++,
    onWatchTrouble: (path, reason) => assert.fail(`${path} ${reason}`),
  });
  context.after(() => {
    loading.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const make = async (name: string) => {
    const { pair } = await keptDefaultCertificate(join(folder, `made-${name}`), Date.now());
    copyFileSync(join(folder, `made-${name}`, DEFAULT_CERTIFICATE_FILE), join(folder, name));
    return pair.id;
  };
  const decode = (text: string) => decodeDynamic({ text, format: 'yaml', file: 'f', middlewareTypes: new Map() });
  const load = (text: string) => {
    const tls = mergeTls(new Map([['file', decode(text).tls]]), []);
    return loading.loadClients({ tls, generatesDefault: false, positionOf: () => undefined });
  };
  const loadServers = (text: string) => loading.loadServers(decode(text));
  return { folder, state, loading, make, load, loadServers };
}

const certificates = (name: string) => `tls: { certificates: [{ certFile: ${name}, keyFile: ${name} }] }`;

test('files are read when the configuration or they have changed, or when everything is forgotten', async (context) => {
  const { folder, state, loading, make, load, loadServers } = siteOf(context);
  const [, second] = [await make('a.pem'), await make('b.pem')];
  const first = await load(certificates('a.pem'));
  await loadServers('http: { serversTransports: { t: { rootCAs: [a.pem] } } }');
  const servers = loading.transportsInForce;
  assert.equal(await load(certificates('a.pem')), first);
  await loadServers('http: { serversTransports: { t: { rootCAs: [a.pem] } } }');
  assert.equal(loading.transportsInForce, servers);
  copyFileSync(join(folder, 'b.pem'), join(folder, 'a.pem'));
  await eventually('it is noticed', () => state.changes === 1);
  assert.equal((await load(certificates('a.pem'))).pairs[0]!.id, second);
  await loadServers('http: { serversTransports: { t: { rootCAs: [a.pem] } } }');
  assert.notEqual(loading.transportsInForce, servers);
  const third = await load(certificates('b.pem'));
  assert.equal(await load(certificates('b.pem')), third);
  loading.forget();
  assert.notEqual(await load(certificates('b.pem')), third);
});

test('a change that comes while a new configuration is read is not lost', async (context) => {
  const { folder, make, load } = siteOf(context);
  const ids = [await make('a.pem'), await make('b.pem')];
  await load(certificates('a.pem'));
  // Nobody has had the time to notice this.
  copyFileSync(join(folder, 'b.pem'), join(folder, 'a.pem'));
  const both = `tls: { certificates: [{ certFile: a.pem, keyFile: a.pem }], options: { own: {} } }`;
  assert.deepEqual([(await load(both)).pairs[0]!.id, ids.length], [ids[1], 2]);
});

test('what is wrong is looked at in every round, as its place may have moved', async (context) => {
  const { load } = siteOf(context);
  const first = await load(certificates('none.pem'));
  assert.equal(first.diagnostics.length, 1);
  assert.notEqual(await load(certificates('none.pem')), first);
});

test('state is kept where one is told to, else beside the runtime directories', () => {
  assert.equal(tlsStateFolder({ SLUICE_STATE_DIR: '/a', STATE_DIRECTORY: '/b' }, '/run/s/i'), '/a/tls');
  assert.equal(tlsStateFolder({ STATE_DIRECTORY: '/b:/c' }, '/run/s/i'), '/b/tls');
  assert.equal(tlsStateFolder({ STATE_DIRECTORY: 'relative' }, '/run/s/i'), '/run/s/tls');
  assert.equal(tlsStateFolder({ SLUICE_STATE_DIR: '' }, '/run/s/i'), '/run/s/tls');
});
