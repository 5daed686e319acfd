import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '../support/eventually.ts';
import { LoadClients } from '../support/load-clients.ts';
import type { LogLine, SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

const timeout = 170_000;
/** The file is looked at after a quiet moment, and again when something seems to be missing. */
const NOTICED_MS = 600;

const GOOD = `
http:
  routers:
    steady:
      rule: Path(\`/steady\`)
      service: all
    edited:
      rule: Path(\`/edited\`)
      service: all
      middlewares: [mark]
  middlewares:
    mark:
      headers:
        customResponseHeaders:
          X-Mark: first
  services:
    all:
      loadBalancer:
        servers:
          - url: UPSTREAM
`;

interface Mistake {
  readonly name: string;
  readonly spoil: (good: string) => string;
  /** What the one line says. */
  readonly says: RegExp;
  readonly line: number;
}

const replaced = (from: string, to: string) => (good: string) => {
  assert.ok(good.includes(from));
  return good.replace(from, to);
};

const MISTAKES: readonly Mistake[] = [
  { name: 'broken YAML', spoil: replaced('[mark]', '[mark'), says: /dynamic\.yaml:\d+:\d+: error: /, line: 0 },
  {
    name: 'an unknown key',
    spoil: replaced('      middlewares: [mark]', '      midlewares: [mark]'),
    says: /"?midlewares"?.*did you mean "middlewares"/,
    line: 10,
  },
  {
    name: 'a wrong type',
    spoil: replaced('X-Mark: first', 'X-Mark: [first]'),
    says: /X-Mark/,
    line: 15,
  },
  {
    name: 'an unknown service',
    spoil: replaced('      service: all\n      middlewares', '      service: al\n      middlewares'),
    says: /service "?al(@file)?"?/,
    line: 7,
  },
  {
    name: 'a rule that cannot be parsed',
    spoil: replaced('Path(`/edited`)', 'Pathh(`/edited`)'),
    says: /Pathh/,
    line: 7,
  },
];

test('each mistake gets one line with its place, costs nothing, and is gone when repaired', {
  timeout,
}, async (context) => {
  const { site, node, good, load } = await serveGood(context);
  for (const { name, spoil, says, line } of MISTAKES) {
    await context.test(name, async () => {
      const from = node.lines.length;
      site.writeDynamic(spoil(good));
      await complaint(node, from);
      await sleep(NOTICED_MS);
      const said = complaintsSince(node, from);
      assert.equal(said.length, 1, said.map(({ msg }) => msg).join('\n'));
      assert.match(said[0]!.msg, says);
      assert.match(said[0]!.msg, line === 0 ? /dynamic\.yaml:\d+:\d+: / : new RegExp(`dynamic\\.yaml:${line}:\\d+: `));
      await load.more(20);
      assert.deepEqual(load.failures, []);
      const repaired = node.lines.length;
      site.writeDynamic(good);
      await node.line('problems of the configuration are gone', repaired);
      await eventually('the object is back', async () => (await markOf(site.port)) === 'first');
    });
  }
});

test('a mistake keeps the last good version; the rest of the same edit takes effect', { timeout }, async (context) => {
  const { site, node, good, load } = await serveGood(context);
  const from = node.lines.length;
  site.writeDynamic(good.replace('Path(`/edited`)', 'Path(').replace('X-Mark: first', 'X-Mark: second'));
  await complaint(node, from);
  await eventually(
    'the middleware of the router with the bad rule',
    async () => (await markOf(site.port)) === 'second',
  );
  await load.more(10);
  assert.deepEqual(load.failures, []);
});

test('half written, deleted and recreated: what was there goes on, and the file is taken up again', {
  timeout,
}, async (context) => {
  const { site, node, good, load } = await serveGood(context);
  const second = good.replace('first', 'second');
  // Truncated and written in two steps, as some editors do: nobody looks so quickly.
  writeFileSync(site.dynamicFile, '');
  writeFileSync(site.dynamicFile, second.slice(0, second.indexOf('  middlewares:')));
  writeFileSync(site.dynamicFile, second);
  await eventually('the whole file', async () => (await markOf(site.port)) === 'second');
  assert.deepEqual(node.complaints, []);
  // And so slowly that the half is seen, which is no YAML.
  const half = node.lines.length;
  const third = second.replace('second', 'third');
  writeFileSync(site.dynamicFile, third.slice(0, third.indexOf('mark]')));
  assert.match((await complaint(node, half)).msg, /dynamic\.yaml:\d+:\d+: error: .*the previous version stays in use/);
  writeFileSync(site.dynamicFile, second);
  await node.line('problems of the configuration are gone', half);
  const deleted = node.lines.length;
  rmSync(site.dynamicFile);
  await complaint(node, deleted);
  await sleep(NOTICED_MS);
  assert.equal(complaintsSince(node, deleted).length, 1);
  assert.match(complaintsSince(node, deleted)[0]!.msg, /dynamic\.yaml/);
  assert.equal(await markOf(site.port), 'second');
  writeFileSync(site.dynamicFile, third);
  await eventually('the new file', async () => (await markOf(site.port)) === 'third');
  await load.more(10);
  assert.deepEqual(load.failures, []);
});

test('the same name in two files of a directory: one line, the first file counts', { timeout }, async (context) => {
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  const directory = join(site.folder, 'dynamic');
  mkdirSync(directory);
  const good = GOOD.replace('UPSTREAM', upstream.url);
  writeFileSync(join(directory, 'a.yaml'), good);
  site.writeStatic({ providers: { providersThrottleDuration: '10ms', file: { directory: 'dynamic' } } });
  const node = await site.serve();
  const from = node.lines.length;
  const double = 'http:\n  middlewares:\n    mark:\n      headers:\n        customResponseHeaders: { X-Mark: other }\n';
  writeFileSync(join(directory, 'b.yaml'), double);
  const { msg } = await complaint(node, from);
  assert.match(msg, /b\.yaml:3:5: /);
  assert.match(msg, /already defined in .*a\.yaml.*\[http\.middlewares\.mark\]/);
  assert.equal(await markOf(site.port), 'first');
  rmSync(join(directory, 'b.yaml'));
  await node.line('problems of the configuration are gone', from);
  assert.equal(await markOf(site.port), 'first');
});

test('mistakes at start: what is good is served, what is not is said', { timeout }, async (context) => {
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  site.writeDynamic(GOOD.replace('UPSTREAM', upstream.url).replace('X-Mark: first', 'X-Mark: [first]'));
  const node = await site.serve();
  assert.equal(await statusOf(site.port, '/steady'), 200);
  assert.equal(await statusOf(site.port, '/edited'), 404);
  const said = node.complaints.map(({ msg }) => msg).join('\n');
  assert.match(said, /dynamic\.yaml:15:\d+: error: /);
});

test('a static configuration that cannot be used: every mistake with its place, exit 1', {
  timeout,
}, async (context) => {
  const site = await SluiceSite.create(context);
  writeFileSync(site.staticFile, 'entryPoints:\n  web:\n    adress: ":80"\nlog:\n  level: LOUD\n');
  const node = site.start();
  assert.equal(await node.exited, 1);
  assert.match(node.output, /sluice\.yaml:3:5: error: .*adress/);
  assert.match(node.output, /sluice\.yaml:5:\d+: error: "log\.level" must be one of /);
});

async function serveGood(context: TestContext) {
  const upstream = await UpstreamProcess.start(context, 'a');
  const site = await SluiceSite.create(context);
  const good = GOOD.replace('UPSTREAM', upstream.url);
  site.writeDynamic(good);
  const node = await site.serve();
  const load = new LoadClients({ port: site.port, connections: 2, path: '/steady' });
  context.after(() => load.stop());
  await load.more(4);
  return { site, node, good, load };
}

const complaintsSince = (node: SluiceNode, from: number): LogLine[] =>
  node.lines.slice(from).filter(({ level }) => level >= 40);

const complaint = (node: SluiceNode, from: number): Promise<LogLine> => node.line(({ level }) => level >= 40, from);

async function markOf(port: number): Promise<string | null> {
  const response = await fetch(`http://127.0.0.1:${port}/edited`);
  await response.text();
  return response.headers.get('X-Mark');
}

async function statusOf(port: number, path: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  await response.text();
  return response.status;
}
