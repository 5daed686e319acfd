// The file provider on real folders: what it reads, in which order, and what it keeps of files that have gone wrong.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { decodeDynamic } from '@sluice/config';
import { middlewareTypes } from '@sluice/middlewares';
import { ProviderBench, routers } from '../testing/provider-bench.ts';
import type { DocumentSource } from './document-decoder.ts';
import { FileProvider } from './file-provider.ts';
import { FileScan } from './file-scan.ts';

const WEB = 'Path(`/web`)';
const API = 'Path(`/api`)';
const NEW = 'Path(`/new`)';

function bench(t: TestContext): ProviderBench {
  const made = new ProviderBench();
  t.after(() => made.close());
  return made;
}

test('a directory is read recursively, sub-directories in their place, other files left alone', async (t) => {
  const b = bench(t);
  b.write('c.yml', routers({ one: '3', c: '3' }));
  b.write('b/z.toml', '[http.routers.one]\nrule = "2"\nservice = "s"\n[http.routers.b]\nrule = "2"\nservice = "s"\n');
  b.write('b-x.yaml', routers({ one: '1', x: '1' }));
  b.write('a.json', 'not ours');
  await b.start({ watch: false });
  // "b" sorts before "b-x.yaml", so what is inside it comes first.
  assert.deepEqual(b.rules, { one: '2', b: '2', x: '1', c: '3' });
  const conflicts = b.latest.diagnostics.filter(({ code }) => code === 'CONFIG_CONFLICT');
  assert.deepEqual(
    conflicts.map(({ severity, object, file }) => [severity, object, file]),
    ['b-x.yaml', 'c.yml'].map((name) => ['warning', 'http.routers.one', b.path(name)]),
  );
  for (const { message } of conflicts) assert.ok(message.includes(b.path('b/z.toml')), message);
});

test('everything declared has a place: for what is found later, and for the second definition of a name', async (t) => {
  const b = bench(t);
  b.write('a.yaml', 'http:\n  routers:\n    web: { rule: "x", service: s }\n    bad: { rule: 1 }\n');
  b.write('b.yaml', 'http:\n  routers:\n\n    web: { rule: "y", service: s }\n');
  await b.start({ watch: false });
  const { positionOf, diagnostics } = b.latest;
  assert.deepEqual(positionOf('http.routers.web'), { file: b.path('a.yaml'), line: 3, column: 5 });
  assert.deepEqual(positionOf('http.routers.bad'), { file: b.path('a.yaml'), line: 4, column: 5 });
  assert.equal(positionOf('http.routers.none'), undefined);
  const [conflict] = diagnostics.filter(({ code }) => code === 'CONFIG_CONFLICT');
  assert.deepEqual([conflict!.file, conflict!.line, conflict!.column], [b.path('b.yaml'), 4, 5]);
});

test('one file: its neighbours are not read', async (t) => {
  const b = bench(t);
  b.write('main.yml', routers({ web: WEB }));
  b.write('other.yml', routers({ api: API }));
  await b.start({ watch: false, filename: b.path('main.yml') });
  assert.deepEqual(b.rules, { web: WEB });
});

test('a configuration without a source, or of a foreign kind, is refused at once', () => {
  const make = (configuration: { filename?: string }) => () =>
    new FileProvider({
      configuration: { watch: false, ...configuration },
      middlewareTypes,
      unknownKeys: 'error',
      log: { debug: () => {}, warn: () => {} },
      onConfiguration: () => {},
    });
  assert.throws(make({}), /needs "filename" or "directory"/);
  assert.throws(make({ filename: 'x.json' }), /must end in \.yaml, \.yml or \.toml/);
});

test('a refused object keeps its last good version, its neighbours go on', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: WEB, api: API }));
  const provider = await b.start({ watch: false });
  b.write('a.yml', `${routers({ api: NEW })}    web: { rule: '${WEB}', servcie: s }\n`);
  await provider.reload();
  assert.deepEqual(b.rules, { api: NEW, web: WEB });
  const refusal = b.latest.diagnostics.find(({ object }) => object === 'http.routers.web');
  assert.match(refusal?.hint ?? '', /previous version stays in use/);

  // Removed instead of broken: it goes.
  b.write('a.yml', routers({ api: NEW }));
  await provider.reload();
  assert.deepEqual(b.rules, { api: NEW });
  assert.deepEqual(b.messages, []);
});

test('an object that was never good is left out and can be repaired', async (t) => {
  const b = bench(t);
  b.write('a.yml', `${routers({ api: API })}    web: { rule: '${WEB}', servcie: s }\n`);
  const provider = await b.start({ watch: false });
  assert.deepEqual(b.rules, { api: API });
  b.write('a.yml', routers({ api: API, web: WEB }));
  await provider.reload();
  assert.deepEqual(b.rules, { api: API, web: WEB });
});

test('a file that does not parse keeps all it declared; other files take effect', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: WEB }));
  b.write('b.yml', routers({ api: API }));
  const provider = await b.start({ watch: false });
  b.write('a.yml', 'http: {routers: [\n');
  b.write('b.yml', routers({ api: NEW }));
  await provider.reload();
  assert.deepEqual(b.rules, { web: WEB, api: NEW });
  const [problem] = b.latest.diagnostics;
  assert.equal(problem?.code, 'CONFIG_SYNTAX');
  assert.equal(problem?.file, b.path('a.yml'));
  assert.match(problem?.hint ?? '', /previous version/);
  b.write('a.yml', routers({ web: NEW }));
  await provider.reload();
  assert.deepEqual(b.rules, { web: NEW, api: NEW });
  assert.deepEqual(b.messages, []);
});

test('an object that moves to another file and is broken there keeps its version', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: WEB, api: API }));
  const provider = await b.start({ watch: false });
  b.write('a.yml', routers({ api: API }));
  b.write('b.yml', `http:\n  routers:\n    web: { rule: '${WEB}', servcie: s }\n`);
  await provider.reload();
  assert.deepEqual(b.rules, { api: API, web: WEB });
});

test('an empty file is an empty configuration', async (t) => {
  const b = bench(t);
  b.write('a.yml', '');
  b.write('b.yml', '# nothing\n');
  await b.start({ watch: false });
  assert.deepEqual(b.rules, {});
  assert.deepEqual(b.messages, []);
});

test('what cannot be read is reported with its path, and the rest is used', async (t) => {
  const b = bench(t);
  b.write('good.yml', routers({ web: WEB }));
  execFileSync('mkfifo', [b.path('pipe.yml')]);
  mkdirSync(b.path('folder.yml'));
  symlinkSync('nowhere.yml', b.path('dangling.yml'));
  b.write('latin.yml', '');
  execFileSync('sh', ['-c', `printf '\\351' > '${b.path('latin.yml')}'`]);
  await b.start({ watch: false });
  assert.deepEqual(b.rules, { web: WEB });
  const found = b.latest.diagnostics.map(({ file, message }) => `${file?.slice(b.folder.length + 1)} ${message}`);
  assert.equal(found.length, 3, found.join('\n'));
  assert.match(found.join('\n'), /dangling\.yml .*link to nothing/);
  assert.match(found.join('\n'), /pipe\.yml .*not a regular file/);
  assert.match(found.join('\n'), /latin\.yml .*UTF-8/);
});

test('an unreadable sub-directory keeps what its files declared', async (t) => {
  if (process.getuid?.() === 0) return void (await unreadableRoot(bench(t)));
  const b = bench(t);
  b.write('sub/a.yml', routers({ web: WEB }));
  const provider = await b.start({ watch: false });
  chmodSync(b.path('sub'), 0);
  await provider.reload();
  chmodSync(b.path('sub'), 0o755);
  assert.deepEqual(b.rules, { web: WEB });
  assert.match(b.messages.join(), /directory cannot be read: EACCES/);
});

/** Permissions do not bind root; a directory that is gone is unreadable for everybody. */
async function unreadableRoot(b: ProviderBench): Promise<void> {
  b.write('a.yml', routers({ web: WEB }));
  const provider = await b.start({ watch: false });
  rmSync(b.folder, { recursive: true });
  await provider.reload();
  assert.deepEqual(b.rules, { web: WEB });
  assert.match(b.messages.join(), /directory cannot be read: ENOENT/);
}

test('a missing directory or file is reported, and used when it appears', async (t) => {
  const b = bench(t);
  const provider = await b.start({ watch: false, filename: b.path('later.yml') });
  assert.match(b.messages.join(), /does not exist/);
  b.write('later.yml', routers({ web: WEB }));
  await provider.reload();
  assert.deepEqual(b.rules, { web: WEB });
  assert.deepEqual(b.messages, []);
});

test('names that JavaScript knows are ordinary names', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ constructor: WEB, 'to.string': API, toString: NEW }));
  await b.start({ watch: false });
  assert.deepEqual(b.rules, { constructor: WEB, 'to.string': API, toString: NEW });
});

test('a template action is reported with its line and changes nothing else', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: WEB, env: 'Host(`{{ env "X" }}`)', id: 'PathRegexp(`^/{{2}}{{id}}`)' }));
  await b.start({ watch: false });
  assert.deepEqual(Object.keys(b.rules), ['web', 'env', 'id']);
  assert.deepEqual(
    b.latest.diagnostics.map(({ code, severity, line }) => [code, severity, line]),
    [['CONFIG_UNSUPPORTED', 'warning', 4]],
  );
});

test('a big file is decoded in the thread, with the same result', async (t) => {
  const b = bench(t);
  const rules = Object.fromEntries(Array.from({ length: 1500 }, (_, at) => [`router-${at}`, `Path(\`/${at}\`)`]));
  const middleware = '  middlewares:\n    strip: { stripPrefix: { prefixes: [/a] } }\n    bad: { nothing: {} }\n';
  b.write('a.yml', routers(rules) + middleware);
  let turns = 0;
  const ticking = setInterval(() => turns++, 5);
  await b.start({ watch: false });
  clearInterval(ticking);
  assert.deepEqual(b.rules, rules);
  assert.equal(typeof b.latest.http.routers['router-0']?.priority, 'bigint');
  assert.deepEqual(Object.keys(b.latest.http.middlewares), ['strip']);
  assert.equal(b.latest.diagnostics.length, 1);
  assert.ok(turns > 5, `the loop stood still: ${turns} turns`);
});

test('a fault of the decoder concerns its file only', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: WEB }));
  b.write('b.yml', routers({ api: API }));
  let faulty = false;
  const decoder = {
    decode: async (source: DocumentSource) => {
      if (faulty && source.file.endsWith('a.yml')) throw new Error('the thread ran out of memory');
      return decodeDynamic({ ...source, middlewareTypes });
    },
  };
  const scan = new FileScan({ directory: b.folder, decoder });
  await scan.look();
  faulty = true;
  b.write('a.yml', routers({ web: NEW }));
  b.write('b.yml', routers({ api: NEW }));
  const { records } = await scan.look();
  const rules = records
    .flatMap(({ objects }) => [...objects.values()])
    .map((router) => (router as { rule: string }).rule);
  assert.deepEqual(rules, [WEB, NEW]);
  assert.match(records[0]!.diagnostics[0]!.message, /cannot be decoded: the thread ran out of memory/);
});

test('a listener that throws does not end the provider', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: WEB }));
  const warnings: string[] = [];
  let calls = 0;
  const provider = new FileProvider({
    configuration: { watch: false, directory: b.folder },
    middlewareTypes,
    unknownKeys: 'error',
    log: { debug: () => {}, warn: (message) => warnings.push(message) },
    onConfiguration: () => {
      if (calls++ === 0) throw new Error('the listener failed');
    },
  });
  t.after(() => provider.close());
  await provider.start();
  await provider.reload();
  assert.equal(calls, 2);
  assert.match(warnings.join(), /the listener failed/);
});

test('nothing is delivered after close', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: WEB }));
  const provider = await b.start({ watch: true });
  const count = b.deliveries.length;
  const running = provider.reload();
  await provider.close();
  await running;
  await provider.reload();
  assert.equal(b.deliveries.length, count);
});
