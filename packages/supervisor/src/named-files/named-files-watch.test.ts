import assert from 'node:assert/strict';
import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../../test/support/eventually.ts';
import { linkChain } from './link-chain.ts';
import { NamedFilesWatch } from './named-files-watch.ts';

/** Never by looking now and then: what is noticed is noticed by the watches. */
const NEVER = { watched: 3_600_000, unwatched: 3_600_000 };

class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-named-files-watch-'));
  readonly troubles: string[] = [];
  readonly watch: NamedFilesWatch;
  changes = 0;

  constructor(context: TestContext, lookMs?: typeof NEVER) {
    this.watch = new NamedFilesWatch({
      onChange: () => this.changes++,
      onTrouble: (folder, reason) => this.troubles.push(`${folder} ${reason}`),
      ...(lookMs === undefined ? {} : { lookMs }),
    });
    context.after(() => {
      this.watch.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): string {
    mkdirSync(join(this.path(name), '..'), { recursive: true });
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** Whatever `act` does is reported once. */
  async noticed(what: string, act: () => void): Promise<void> {
    const before = this.changes;
    act();
    await eventually(what, () => this.changes > before);
    await pause(300);
    assert.equal(this.changes, before + 1, what);
  }
}

test('rewritten, replaced, removed, back again', { timeout: 150_000 }, async (context) => {
  const site = new Site(context, NEVER);
  const path = site.write('tls/a.crt', 'one');
  await site.watch.update([path]);
  await site.noticed('rewritten', () => writeFileSync(path, 'two!'));
  await site.noticed('replaced', () => renameSync(site.write('tls/new', 'three'), path));
  await site.noticed('removed', () => rmSync(path));
  await site.noticed('back', () => writeFileSync(path, 'four'));
  site.write('tls/other', 'nobody asked');
  await pause(400);
  assert.deepEqual([site.changes, site.troubles], [4, []]);
});

test('links: to another version of the folder, and what they lead to', { timeout: 150_000 }, async (context) => {
  const site = new Site(context, NEVER);
  // As a mounted Secret is laid out.
  site.write('..1/tls.crt', 'one');
  site.write('..2/tls.crt', 'two');
  symlinkSync('..1', site.path('..data'));
  symlinkSync('..data/tls.crt', site.path('tls.crt'));
  await site.watch.update([site.path('tls.crt')]);
  await site.noticed('another version', () => {
    symlinkSync('..2', site.path('..new'));
    renameSync(site.path('..new'), site.path('..data'));
  });
  await site.noticed('written where the link leads now', () => site.write('..2/tls.crt', 'three'));
  // As certbot does it.
  const live = site.path('live.pem');
  symlinkSync(site.write('archive/1.pem', 'one'), live);
  await site.watch.update([live]);
  await site.noticed('a link to another file', () => {
    rmSync(live);
    symlinkSync(site.write('archive/2.pem', 'two'), live);
  });
});

test('a folder that is not there yet, and one that is put in the place of another', {
  timeout: 150_000,
}, async (context) => {
  const site = new Site(context, NEVER);
  const path = site.path('later/deep/a.crt');
  await site.watch.update([path]);
  await site.noticed('it appears', () => site.write('later/deep/a.crt', 'one'));
  await site.noticed('it is another one', () => {
    site.write('next/a.crt', 'two');
    renameSync(site.path('later/deep'), site.path('old'));
    renameSync(site.path('next'), site.path('later/deep'));
  });
  await site.noticed('it is written there', () => writeFileSync(path, 'three'));
});

test('without watches, files are looked at all the same', { timeout: 150_000 }, async (context) => {
  const site = new Site(context, { watched: 100, unwatched: 100 });
  const path = site.write('tls/a.crt', 'one');
  mkdirSync(site.path('elsewhere'));
  linkSync(path, site.path('elsewhere/a.crt'));
  await site.watch.update([path]);
  // The same file by another name: nothing happens in the folder that is watched.
  await site.noticed('by a look', () => writeFileSync(site.path('elsewhere/a.crt'), 'two!'));
});

test('watches go with the paths, and all of them with the last', { timeout: 150_000 }, async (context) => {
  const site = new Site(context, NEVER);
  const start = kernelWatches();
  const paths = Array.from({ length: 40 }, (_, index) => site.write(`f${index}/a.crt`, 'x'));
  for (let round = 0; round < 10; round++) {
    await site.watch.update(paths);
    await site.watch.update(paths.slice(round, round + 4));
  }
  // Each of the four folders, and the one they are in.
  assert.equal(site.watch.folders.length, 5);
  assert.equal(kernelWatches() - start, 5);
  await site.watch.update([]);
  assert.deepEqual([site.watch.folders, kernelWatches() - start], [[], 0]);
  await site.watch.update(paths);
  site.watch.close();
  assert.equal(kernelWatches() - start, 0);
  await site.watch.update(paths);
  assert.equal(kernelWatches() - start, 0, 'closed is closed');
});

test('a loop of links ends', async (context) => {
  const site = new Site(context);
  symlinkSync(site.path('b'), site.path('a'));
  symlinkSync(site.path('a'), site.path('b'));
  const entries = await linkChain(site.path('a'));
  assert.deepEqual([...entries.get(site.folder)!].sort(), ['a', 'b']);
});

/** Of this process, all inotify instances together. */
function kernelWatches(): number {
  let count = 0;
  for (const descriptor of readdirSync('/proc/self/fdinfo')) {
    try {
      count += readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8').match(/^inotify /gm)?.length ?? 0;
    } catch {
      // The one that the folder was listed with.
    }
  }
  return count;
}
