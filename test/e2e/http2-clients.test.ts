// HTTP/2 towards clients whose implementations are not ours and not each other's: curl, nghttp and h2load (nghttp2), and Node; with
// prior knowledge and over TLS.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { findTool, requireTools } from '../../native-bench/src/lab/tools.ts';
import { type ProxyUnderTest, startProxy } from '../../packages/dataplane/src/testing/proxy-under-test.ts';
import { material, NAME } from '../../packages/dataplane/test/support/made-tls.ts';
import { requireCurl } from '../support/curl.ts';

const BODY = randomBytes(3_000_000);
const HASH = createHash('sha256').update(BODY).digest('hex');

/** Says what it was asked, with the hash of the body; `/body` is a large one, `/slow` comes late. */
async function start(context: TestContext, secure: boolean): Promise<ProxyUnderTest> {
  const server = createServer((request, response) => {
    if (request.url === '/body') {
      response.end(BODY);
      return;
    }
    const hash = createHash('sha256');
    request.on('data', (chunk) => hash.update(chunk));
    request.on('end', () => response.end(`${request.method} ${request.url} ${hash.digest('hex')}\n`));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dynamic = `
http:
  routers: { all: { rule: "PathPrefix(\`/\`)", service: app${secure ? ', tls: {}' : ''} } }
  services: { app: { loadBalancer: { servers: [{ url: "${url}" }] } } }`;
  const proxy = await startProxy(() => {}, { dynamic, ...(secure ? { tls: material() } : {}) });
  context.after(async () => {
    await proxy.close();
    server.closeAllConnections();
    server.close();
  });
  return proxy;
}

async function run(command: string, args: readonly string[]): Promise<string> {
  const options = { encoding: 'latin1', maxBuffer: 100_000_000, timeout: 90_000 } as const;
  return (await promisify(execFile)(findTool(command)!, [...args], options)).stdout;
}

function requireNghttp2(context: TestContext): void {
  const tools = ['nghttp', 'h2load'].map((command) => ({ command, debianPackage: 'nghttp2-client' }));
  requireTools(tools, (line) => context.diagnostic(line));
}

for (const secure of [false, true]) {
  const how = secure ? 'over TLS' : 'with prior knowledge';
  const origin = (proxy: ProxyUnderTest) => `${secure ? 'https' : 'http'}://127.0.0.1:${proxy.port}`;

  test(`curl, ${how}`, async (context) => {
    requireCurl(context);
    const proxy = await start(context, secure);
    const folder = mkdtempSync(join(tmpdir(), 'sluice-http2-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'body');
    writeFileSync(file, BODY);
    const fixed = ['-sSk', secure ? '--http2' : '--http2-prior-knowledge', '-w', '%{http_version} %{num_connects}'];
    const url = origin(proxy);
    assert.match(await run('curl', [...fixed, `${url}/a?b`]), /^GET \/a\?b [0-9a-f]{64}\n2 1$/);
    assert.equal(await run('curl', [...fixed, '-T', file, `${url}/up`]), `PUT /up ${HASH}\n2 1`);
    const got = await run('curl', [...fixed, `${url}/body`]);
    assert.ok(Buffer.from(got.slice(0, -'2 1'.length), 'latin1').equals(BODY));
    // Several on one connection only over TLS: with prior knowledge, curl 7.88 cannot use its connections again.
    if (secure) {
      const several = await run('curl', [...fixed, '-d', 'x', `${url}/1`, `${url}/2`, `${url}/3`]);
      assert.deepEqual(several.match(/\n2 \d/g), ['\n2 1', '\n2 0', '\n2 0']);
    }
    await proxy.untilQuiet();
  });

  test(`nghttp and h2load, ${how}`, async (context) => {
    requireNghttp2(context);
    const proxy = await start(context, secure);
    const url = origin(proxy);
    const many = Array.from({ length: 20 }, (_, index) => `${url}/${index}`);
    const text = await run('nghttp', ['-v', ...many]);
    assert.equal(text.match(/:status: 200/g)?.length, 20);
    const load = await run('h2load', ['-n', '500', '-c', '5', '-m', '50', `${url}/x`]);
    assert.match(load, /500 total, 500 started, 500 done, 500 succeeded, 0 failed, 0 errored/);
    const bodies = await run('h2load', ['-n', '20', '-c', '2', '-m', '10', '-w', '16', `${url}/body`]);
    assert.match(bodies, /20 succeeded, 0 failed, 0 errored/);
    await proxy.untilQuiet();
    assert.equal(proxy.dataplane.bufferedBytes, 0);
  });

  test(`Node, ${how}`, async (context) => {
    const proxy = await start(context, secure);
    const session = connect(origin(proxy), { rejectUnauthorized: false, servername: NAME, maxSessionMemory: 1_000 });
    context.after(() => session.destroy());
    const asked = Array.from({ length: 100 }, async (_, index) => {
      const stream = session.request({ ':path': `/${index}`, ':method': 'POST' });
      stream.setEncoding('latin1');
      stream.end(BODY.subarray(0, index * 1_000));
      let body = '';
      for await (const chunk of stream) body += chunk;
      const hash = createHash('sha256').update(BODY.subarray(0, index * 1_000));
      assert.equal(body, `POST /${index} ${hash.digest('hex')}\n`);
    });
    await Promise.all(asked);
    if (secure) assert.equal(session.alpnProtocol, 'h2');
    await proxy.untilQuiet();
    assert.equal(proxy.dataplane.bufferedBytes, 0);
  });
}
