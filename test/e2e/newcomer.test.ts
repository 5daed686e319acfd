// Somebody who knows Traefik tries Sluice: files written by hand, real servers behind, the commands of the README, curl.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fieldOf } from '../support/configurations.ts';
import { type CurlAnswer, curl, requireCurl } from '../support/curl.ts';
import { eventually } from '../support/eventually.ts';
import { startNginx } from '../support/nginx-server.ts';
import type { SluiceNode } from '../support/sluice-node.ts';
import { SluiceSite } from '../support/sluice-site.ts';
import { UpstreamProcess } from '../support/upstream-process.ts';

/** Where `npx sluice` works. */
const CHECKOUT = join(import.meta.dirname, '../..');
const UPLOAD_BYTES = 3_000_000;

const STATIC = `# traefik.yaml, as it was
entryPoints:
  web:
    address: "127.0.0.1:PORT"

log:
  level: INFO
  format: json

providers:
  file:
    filename: DYNAMIC
    watch: true
`;

const DYNAMIC = `http:
  routers:
    website:
      entryPoints:
        - web
      rule: Host(\`www.example.test\`)
      service: website

    api:
      entryPoints:
        - web
      rule: Host(\`www.example.test\`) && PathPrefix(\`/api\`)
      middlewares:
        - without-api
        - marked
      service: app

    shop:
      rule: "Host(\`shop.example.test\`)"
      service: app

  middlewares:
    without-api:
      stripPrefix:
        prefixes:
          - /api
    marked:
      headers:
        customResponseHeaders:
          X-Mark: first

  services:
    website:
      loadBalancer:
        servers:
          - url: "NGINX"
    app:
      loadBalancer:
        servers:
          - url: "APP-A"
          - url: "APP-B/"
`;

/** One request to a name, as if the name were in DNS. */
type Ask = (url: string, ...args: readonly string[]) => Promise<CurlAnswer>;

interface Stage {
  readonly site: SluiceSite;
  readonly dynamic: string;
  readonly apps: readonly UpstreamProcess[];
  readonly ask: Ask;
  readonly resolve: readonly string[];
}

test("a newcomer's files, npx, nginx, an application and curl", { timeout: 170_000 }, async (context) => {
  const stage = await prepare(context);
  const { site } = stage;
  const node = site.start({ command: ['npx', 'sluice'], workingDirectory: CHECKOUT });
  await node.ready();
  await context.test('routing by host and path, rewritten paths, fields', () => routes(stage));
  await context.test('both servers get their share', () => balances(stage));
  await context.test('two requests on one connection, uploads', () => keepsAliveAndUploads(stage));
  await context.test('a killed application is a 502, a restarted one works', () => applicationDies(stage));
  await context.test('a mistake is named with its place and changes nothing', () => mistake(stage, node));
  await context.test('an edit takes effect', () => edit(stage));
  assert.deepEqual(
    node.complaints.filter(({ msg }) => !msg.startsWith(site.dynamicFile)),
    [],
  );
  node.interrupt();
  await node.line('stopped');
  await eventually('Ctrl-C ends everything', () => site.processes().length === 0);
});

async function prepare(context: TestContext): Promise<Stage> {
  requireCurl(context);
  const nginx = await startNginx(context, { 'index.html': '<h1>Welcome</h1>\n', 'big.txt': 'x'.repeat(300_000) });
  const apps = [await UpstreamProcess.start(context, 'a'), await UpstreamProcess.start(context, 'b')];
  const site = await SluiceSite.create(context);
  writeFileSync(site.staticFile, STATIC.replace('PORT', String(site.port)).replace('DYNAMIC', site.dynamicFile));
  const dynamic = DYNAMIC.replace('NGINX', nginx).replace('APP-A', apps[0]!.url).replace('APP-B', apps[1]!.url);
  writeFileSync(site.dynamicFile, dynamic);
  const resolve = ['www', 'shop', 'nobody'].flatMap((name) => [
    '--resolve',
    `${name}.example.test:${site.port}:127.0.0.1`,
  ]);
  const ask: Ask = async (url, ...args) => {
    const [answer] = await curl(...resolve, ...args, withPort(url, site.port));
    return answer!;
  };
  return { site, dynamic, apps, ask, resolve };
}

const withPort = (url: string, port: number) => url.replace('.test', `.test:${port}`);

async function routes({ ask }: Stage): Promise<void> {
  const welcome = await ask('http://www.example.test/');
  assert.equal(welcome.status, 200);
  assert.equal(welcome.body, '<h1>Welcome</h1>\n');
  assert.match(fieldOf(welcome.head, 'Server')!, /^nginx/);
  assert.equal((await ask('http://www.example.test/big.txt')).body.length, 300_000);
  const api = await ask('http://www.example.test/api/items?id=7');
  assert.match(api.body, /^[ab] GET \/items\?id=7 0\n$/);
  assert.equal(fieldOf(api.head, 'X-Mark'), 'first');
  const shop = await ask('http://shop.example.test/cart');
  assert.match(shop.body, /^[ab] GET \/cart 0\n$/);
  assert.equal(fieldOf(shop.head, 'X-Mark'), undefined);
  // From nginx itself, and from nobody.
  assert.match((await ask('http://www.example.test/none')).body, /nginx/);
  assert.equal((await ask('http://www.example.test/none')).status, 404);
  const unknown = await ask('http://nobody.example.test/');
  assert.deepEqual([unknown.status, unknown.body], [404, '404 page not found\n']);
}

async function balances({ ask }: Stage): Promise<void> {
  const names: string[] = [];
  for (let turn = 0; turn < 8; turn++) names.push((await ask('http://shop.example.test/')).body[0]!);
  assert.deepEqual([...new Set(names)].sort(), ['a', 'b']);
}

async function keepsAliveAndUploads({ site, ask, resolve }: Stage): Promise<void> {
  const urls = ['/one', '/two', '/three'].map((path) => `http://shop.example.test:${site.port}${path}`);
  const answers = await curl(...resolve, ...urls);
  assert.deepEqual(
    answers.map(({ body }) => body.slice(2)),
    ['GET /one 0\n', 'GET /two 0\n', 'GET /three 0\n'],
  );
  assert.deepEqual(
    answers.map(({ connects }) => connects),
    [1, 0, 0],
  );
  const file = join(site.folder, 'upload');
  writeFileSync(file, 'x'.repeat(UPLOAD_BYTES));
  const posted = await ask('http://shop.example.test/in', '--data-binary', `@${file}`);
  assert.equal(posted.body.slice(2), `POST /in ${UPLOAD_BYTES}\n`);
  const put = await ask('http://shop.example.test/in', '-T', file, '-H', 'Transfer-Encoding: chunked');
  assert.equal(put.body.slice(2), `PUT /in ${UPLOAD_BYTES}\n`);
}

async function applicationDies({ ask, apps }: Stage): Promise<void> {
  for (const app of apps) await app.kill();
  const answer = await ask('http://shop.example.test/');
  assert.deepEqual([answer.status, answer.body], [502, 'Bad Gateway']);
  assert.equal((await ask('http://www.example.test/')).status, 200);
  for (const app of apps) await app.start();
  assert.equal((await ask('http://shop.example.test/')).status, 200);
}

async function mistake({ site, dynamic, ask }: Stage, node: SluiceNode): Promise<void> {
  const from = node.lines.length;
  // Written in place, as editors do.
  writeFileSync(site.dynamicFile, dynamic.replace('X-Mark: first', 'X-Mark: [first]'));
  const { msg } = await node.line(({ level }) => level >= 40, from);
  const line = dynamic.slice(0, dynamic.indexOf('X-Mark')).split('\n').length;
  assert.ok(msg.startsWith(`${site.dynamicFile}:${line}:11: error: `), msg);
  assert.match(msg, /X-Mark.*the previous version stays in use/);
  assert.equal(fieldOf((await ask('http://www.example.test/api/x')).head, 'X-Mark'), 'first');
}

async function edit({ site, dynamic, ask }: Stage): Promise<void> {
  writeFileSync(site.dynamicFile, dynamic.replace('X-Mark: first', 'X-Mark: second').replace('shop.', 'nobody.'));
  await eventually('the mark of the edit', async () => {
    const { head, status } = await ask('http://www.example.test/api/x');
    assert.equal(status, 200);
    return fieldOf(head, 'X-Mark') === 'second';
  });
  assert.match((await ask('http://nobody.example.test/')).body, /^[ab] GET/);
  assert.equal((await ask('http://shop.example.test/')).status, 404);
}
