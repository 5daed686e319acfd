// A browser that people use: Chromium loads a page over HTTP/2, uploads, and holds a WebSocket while the configuration changes.
// With HAProxy first, which shows what the browser does.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { openPage } from '../support/chromium.ts';
import { eventually } from '../support/eventually.ts';
import { startHaproxy } from '../support/haproxy-server.ts';
import { PAGE_RESOURCES, startPageServer } from '../support/page-server.ts';
import { establishedOn } from '../support/process-view.ts';
import { SecureSite, securedTo } from '../support/secure-site.ts';
import { TestAuthority } from '../support/test-authority.ts';

const NAME = 'www.example.test';
const UPLOAD_BYTES = 3_000_000;
const timeout = 180_000;

/** Of the page's scripts, which run in the browser. */
interface PageGlobals {
  socket: WebSocket;
  received: string[];
  endCode: number;
  second: number;
}

declare const window: PageGlobals;
declare const document: { readonly baseURI: string; querySelector(selector: string): object };
declare function getComputedStyle(element: object): { readonly color: string };

test('with HAProxy between', { timeout }, async (context) => {
  const server = await startPageServer(context);
  const authority = new TestAuthority(context);
  const { certFile, keyFile } = authority.issue({ names: [NAME] });
  const both = authority.write('both.pem', `${readFileSync(certFile, 'utf8')}${readFileSync(keyFile, 'utf8')}`);
  const bind = `ssl crt ${both} alpn h2,http/1.1`;
  const port = await startHaproxy(context, Number(new URL(server).port), [], { bind });
  const page = await openPage(context, [certFile], [NAME]);
  await loads(page, port);
  await uploads(page);
  await opensSocket(page);
  await exchanges(page, 'hello');
});

test('a page, an upload, and a WebSocket through changes of the configuration', { timeout }, async (context) => {
  const server = await startPageServer(context);
  const secure = await SecureSite.create(context, {}, { accessLog: { format: 'json' } });
  const certificate = secure.issue(NAME);
  const write = (mark: number) =>
    secure.site.writeDynamic(
      securedTo({
        servers: [server],
        certificates: [certificate],
        middlewares: { mark: { headers: { customResponseHeaders: { 'X-Mark': `${mark}` } } } },
      }),
    );
  write(0);
  const node = await secure.site.serve();
  const page = await openPage(context, [certificate.certFile], [NAME]);
  await loads(page, secure.securePort);
  await uploads(page);
  await opensSocket(page);
  for (let mark = 1; mark <= 5; mark++) {
    write(mark);
    await eventually(`mark ${mark}`, async () => (await markOf(page)) === `${mark}`);
    await exchanges(page, `after change ${mark}`);
  }
  // The page, its requests and its WebSocket need no more than one for HTTP/2 and one for the WebSocket.
  const connections = establishedOn(secure.securePort);
  assert.ok(connections >= 1 && connections <= 2, `${connections} connections`);
  context.diagnostic(`the browser holds ${connections} connections`);
  assert.equal(await page.evaluate(() => window.endCode), 0);
  await loads(page, secure.securePort);
  const { RequestProtocol } = await node.line(({ RequestPath }) => RequestPath === '/socket');
  context.diagnostic(`the WebSocket went over ${RequestProtocol}`);
  assert.deepEqual(node.complaints, []);
});

/** The page with everything in it, over HTTP/2. */
async function loads(page: Page, port: number): Promise<void> {
  const failures: string[] = [];
  page.on('requestfailed', (request) => failures.push(`${request.url()}: ${request.failure()?.errorText}`));
  const response = await page.goto(`https://${NAME}:${port}/`, { waitUntil: 'load' });
  assert.equal(response?.status(), 200);
  const protocols = await page.evaluate(() =>
    performance
      .getEntries()
      .filter(({ entryType }) => ['navigation', 'resource'].includes(entryType))
      .map((entry) => (entry as unknown as { nextHopProtocol: string }).nextHopProtocol),
  );
  assert.deepEqual(
    protocols,
    Array.from({ length: PAGE_RESOURCES + 1 }, () => 'h2'),
  );
  assert.equal(await page.evaluate(() => window.second), 2);
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('h1')).color), 'rgb(1, 2, 3)');
  assert.deepEqual(failures, []);
}

async function uploads(page: Page): Promise<void> {
  const told = await page.evaluate(async (bytes) => {
    const response = await fetch('/upload', { method: 'POST', body: new Uint8Array(bytes) });
    return response.text();
  }, UPLOAD_BYTES);
  assert.equal(told, `${UPLOAD_BYTES}`);
}

function markOf(page: Page): Promise<string | null> {
  return page.evaluate(async () => {
    const response = await fetch(`/picture-x.gif?${performance.now()}`);
    await response.arrayBuffer();
    return response.headers.get('x-mark');
  });
}

async function opensSocket(page: Page): Promise<void> {
  await page.evaluate(
    () =>
      new Promise<void>((resolve, reject) => {
        window.received = [];
        window.endCode = 0;
        window.socket = new WebSocket(`wss://${new URL(document.baseURI).host}/socket`);
        window.socket.onmessage = ({ data }) => window.received.push(data);
        window.socket.onclose = ({ code }) => {
          window.endCode = code;
        };
        window.socket.onerror = () => reject(new Error('the WebSocket did not open'));
        window.socket.onopen = () => resolve();
      }),
  );
}

async function exchanges(page: Page, message: string): Promise<void> {
  await page.evaluate((text) => window.socket.send(text), message);
  const received = () => page.evaluate(() => window.received.at(-1));
  await eventually(`"${message}" comes back`, async () => (await received()) === message);
}
