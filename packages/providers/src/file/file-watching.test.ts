// The file provider notices what people and tools do to files: edits, renames, replaced links, removals, storms of writes.

import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { ProviderBench, pause, routers } from '../testing/provider-bench.ts';

const OLD = 'Path(`/old`)';
const NEW = 'Path(`/new`)';
const NEWER = 'Path(`/newer`)';

function bench(t: TestContext): ProviderBench {
  const made = new ProviderBench();
  t.after(() => made.close());
  return made;
}

for (const mode of ['directory', 'filename'] as const) {
  test(`${mode}: edits and atomic renames, again and again`, async (t) => {
    const b = bench(t);
    b.write('a.yml', routers({ web: OLD }));
    await b.start(mode === 'filename' ? { filename: b.path('a.yml') } : {});
    b.write('a.yml', routers({ web: NEW }));
    await b.until(() => b.rules.web === NEW);
    for (const rule of [NEWER, OLD, NEW]) {
      b.write('.a.yml.tmp', routers({ web: rule }));
      renameSync(b.path('.a.yml.tmp'), b.path('a.yml'));
      await b.until(() => b.rules.web === rule);
    }
  });

  test(`${mode}: the links of a mounted ConfigMap are swapped`, async (t) => {
    const b = bench(t);
    mountVersion(b, 1, OLD);
    symlinkSync('..data/a.yml', b.path('a.yml'));
    await b.start(mode === 'filename' ? { filename: b.path('a.yml') } : {});
    assert.deepEqual(b.rules, { web: OLD });
    assert.deepEqual(b.messages, []);
    mountVersion(b, 2, NEW);
    rmSync(b.path('..v1'), { recursive: true });
    await b.until(() => b.rules.web === NEW);
    mountVersion(b, 3, NEWER);
    rmSync(b.path('..v2'), { recursive: true });
    await b.until(() => b.rules.web === NEWER);
    assert.deepEqual(b.messages, []);
  });

  test(`${mode}: removing and writing anew loses nothing in between`, async (t) => {
    const b = bench(t);
    b.write('a.yml', routers({ web: OLD }));
    await b.start(mode === 'filename' ? { filename: b.path('a.yml') } : {});
    rmSync(b.path('a.yml'));
    await pause(100);
    b.write('a.yml', routers({ web: NEW }));
    await b.until(() => b.rules.web === NEW);
    assert.ok(b.deliveries.every(({ http }) => http.routers.web !== undefined));
  });

  test(`${mode}: truncating before writing loses nothing in between`, async (t) => {
    const b = bench(t);
    b.write('a.yml', routers({ web: OLD }));
    await b.start(mode === 'filename' ? { filename: b.path('a.yml') } : {});
    truncateSync(b.path('a.yml'));
    await pause(100);
    b.write('a.yml', routers({ web: NEW }));
    await b.until(() => b.rules.web === NEW);
    assert.ok(b.deliveries.every(({ http }) => http.routers.web !== undefined));
  });

  test(`${mode}: a file that stays empty is an empty configuration`, async (t) => {
    const b = bench(t);
    b.write('a.yml', routers({ web: OLD }));
    await b.start(mode === 'filename' ? { filename: b.path('a.yml') } : {});
    b.write('a.yml', '');
    await b.until(() => b.rules.web === undefined);
  });
}

function mountVersion(b: ProviderBench, version: number, rule: string): void {
  mkdirSync(b.path(`..v${version}`));
  writeFileSync(b.path(`..v${version}/a.yml`), routers({ web: rule }));
  symlinkSync(`..v${version}`, b.path('..data_tmp'));
  renameSync(b.path('..data_tmp'), b.path('..data'));
}

test('a file removed for good takes its objects with it; another definition takes over', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: OLD, api: OLD }));
  b.write('b.yml', routers({ web: NEW }));
  await b.start();
  assert.deepEqual(b.rules, { web: OLD, api: OLD });
  rmSync(b.path('a.yml'));
  await b.until(() => b.rules.web === NEW);
  assert.deepEqual(b.rules, { web: NEW });
});

test('sub-directories are watched, also those made later', async (t) => {
  const b = bench(t);
  b.write('sub/a.yml', routers({ web: OLD }));
  await b.start();
  b.write('sub/a.yml', routers({ web: NEW }));
  await b.until(() => b.rules.web === NEW);
  b.write('sub/deep/er/b.yml', routers({ api: OLD }));
  await b.until(() => b.rules.api === OLD);
  b.write('sub/deep/er/b.yml', routers({ api: NEW }));
  await b.until(() => b.rules.api === NEW);
  rmSync(b.path('sub'), { recursive: true });
  await b.until(() => Object.keys(b.rules).length === 0);
});

test('a linked file is followed', async (t) => {
  const b = bench(t);
  b.write('available/a.txt', routers({ web: OLD }));
  symlinkSync('available/a.txt', b.path('a.yml'));
  await b.start();
  b.write('available/a.txt', routers({ web: NEW }));
  await b.until(() => b.rules.web === NEW);
});

test('writes without pause do not keep a change from taking effect', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: OLD }));
  await b.start();
  b.write('a.yml', routers({ web: NEW }));
  const began = performance.now();
  let writes = 0;
  while (b.rules.web !== NEW && performance.now() - began < 60_000) {
    b.write('noise.yml', `# ${writes++}\n`);
    await pause(5);
  }
  assert.equal(b.rules.web, NEW);
});

test('what does not concern the configuration is not delivered again', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: OLD }));
  await b.start();
  const count = b.deliveries.length;
  b.write('notes.txt', 'x');
  b.write('a.yml', routers({ web: OLD }));
  b.write('a.yml~', routers({ web: NEW }));
  await pause(500);
  assert.equal(b.deliveries.length, count);
});

test('without watch, only reload looks', async (t) => {
  const b = bench(t);
  b.write('a.yml', routers({ web: OLD }));
  const provider = await b.start({ watch: false });
  b.write('a.yml', routers({ web: NEW }));
  await pause(300);
  assert.deepEqual(b.rules, { web: OLD });
  await provider.reload();
  assert.deepEqual(b.rules, { web: NEW });
});

test('a folder that is removed keeps what it declared until it is back', async (t) => {
  const b = bench(t);
  b.write('conf/a.yml', routers({ web: OLD }));
  await b.start({ directory: b.path('conf') });
  rmSync(b.path('conf'), { recursive: true });
  await b.until(() => b.messages.length > 0);
  assert.deepEqual(b.rules, { web: OLD });
  b.write('conf/a.yml', routers({ web: NEW }));
  await b.until(() => b.rules.web === NEW);
});
