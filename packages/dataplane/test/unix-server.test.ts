// Servers behind a Unix socket: what the services of the program itself are to a worker.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { type ProxyUnderTest, startProxy } from '../src/testing/proxy-under-test.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-unix-'));
const path = join(folder, 'a b#1.sock');
const url = `unix://own${path.split('/').map(encodeURIComponent).join('/')}`;
let proxy: ProxyUnderTest | undefined;
let server: Server | undefined;

afterEach(async () => {
  await proxy?.close();
  proxy = undefined;
  server?.close();
  server?.closeAllConnections();
  server = undefined;
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('requests reach it over pooled connections, with the URL’s host as Host', async () => {
  let connections = 0;
  const hosts: unknown[] = [];
  server = createServer((request, response) => {
    hosts.push(request.headers.host);
    response.end(`${request.method} ${request.url}`);
  });
  server.on('connection', () => connections++);
  server.listen(path);
  await once(server, 'listening');
  proxy = await startProxy(() => {}, { serverUrl: url, passHostHeader: false });
  for (let i = 0; i < 3; i++) {
    const client = await proxy.client();
    client.write(`GET /x${i}?y HTTP/1.1\r\nHost: h\r\n\r\n`);
    assert.match(await client.untilBody(9), new RegExp(`GET /x${i}\\?y$`));
  }
  assert.deepEqual(hosts, ['own', 'own', 'own']);
  assert.equal(connections, 1);
});

test('a socket that nobody listens on is a server that is gone', async () => {
  proxy = await startProxy(() => {}, { serverUrl: url });
  const client = await proxy.client();
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  assert.match(await client.untilBody(11), /^HTTP\/1.1 502 Bad Gateway/);
});
