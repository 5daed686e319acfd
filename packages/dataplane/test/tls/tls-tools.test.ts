// TLS as clients that are not Node's speak it: curl, and the openssl command as a judge of what is on the wire.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, it } from 'node:test';
import { findTool, requireTools } from '../../../../native-bench/src/lab/tools.ts';
import { curl } from '../../../../test/support/curl.ts';
import { requireOpenssl } from '../../../../test/support/openssl.ts';
import { type ProxyUnderTest, startProxy } from '../../src/testing/proxy-under-test.ts';
import { answerHeads } from '../../src/testing/raw-server.ts';
import { authority, certificate, type MadeMaterial, material, NAME, optionSet } from '../support/made-tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
const authorityFile = join(folder, 'authority.pem');
let proxy: ProxyUnderTest;

before(() => {
  requireOpenssl();
  requireTools([{ command: 'curl', debianPackage: 'curl' }], () => {});
  writeFileSync(authorityFile, authority.chain);
});
after(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => proxy.close());

async function start(made: MadeMaterial = {}): Promise<void> {
  const body = 'from the server';
  const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  proxy = await startProxy(answerHeads(answer), { tls: material(made), routerTls: '{}' });
}

/** What `openssl s_client` prints; it sends nothing and leaves after the handshake. */
function sClient(...args: readonly string[]): Promise<string> {
  const all = ['s_client', '-connect', `127.0.0.1:${proxy.port}`, '-CAfile', authorityFile, ...args];
  return new Promise((resolve) => {
    const child = execFile(findTool('openssl')!, all, { timeout: 60_000 }, (_error, out, complaints) =>
      resolve(out + complaints),
    );
    child.stdin?.end();
  });
}

it('curl gets its answers, on one connection', async () => {
  await start();
  const url = `https://${NAME}:${proxy.port}/`;
  const answers = await curl(
    '--http1.1',
    '--cacert',
    authorityFile,
    '--resolve',
    `${NAME}:${proxy.port}:127.0.0.1`,
    url,
    url,
  );
  assert.deepEqual(
    answers.map(({ status, body, connects }) => [status, body, connects]),
    [
      [200, 'from the server', 1],
      [200, 'from the server', 0],
    ],
  );
});

it('openssl verifies chain, name, version, suite and protocol', async () => {
  await start();
  const seen = await sClient('-servername', NAME, '-verify_hostname', NAME, '-alpn', 'h2,http/1.1', '-brief');
  assert.match(seen, /Protocol version: TLSv1.3/);
  assert.match(seen, /Verification: OK/);
  assert.match(seen, /Verified peername: secure.test/);
  const old = await sClient('-servername', NAME, '-tls1_2', '-alpn', 'http/1.1');
  assert.match(old, /Cipher is ECDHE-ECDSA-AES128-GCM-SHA256/);
  assert.match(old, /ALPN protocol: http\/1.1/);
  assert.match(old, /Secure Renegotiation IS supported/);
  assert.match(old, /Compression: NONE/);
});

it('openssl hears the alerts', async () => {
  await start({ certificates: [certificate([NAME])], optionSets: [optionSet('default', { sniStrict: true })] });
  assert.match(await sClient('-servername', 'elsewhere.test'), /alert number 112|unrecognized name/i);
  assert.match(await sClient('-servername', NAME, '-alpn', 'nobody'), /alert number 120|no application protocol/i);
  assert.match(
    await sClient('-servername', NAME, '-tls1_2', '-cipher', 'AES256-SHA'),
    /alert number 40|handshake failure/i,
  );
});

it('openssl resumes its session, and is refused renegotiation', async () => {
  await start();
  const session = join(folder, 'session.pem');
  const again = ['-servername', NAME, '-tls1_2'];
  assert.match(await sClient(...again, '-sess_out', session), /New, /);
  assert.match(await sClient(...again, '-sess_in', session), /Reused, /);
  const child = spawn(findTool('openssl')!, ['s_client', '-connect', `127.0.0.1:${proxy.port}`, ...again], {
    timeout: 60_000,
  });
  let out = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
    // A line of its own with R begins a renegotiation.
    if (out.includes('---\n') && out.includes('Verify return code')) child.stdin.write('R\n');
  });
  child.stderr.on('data', (chunk) => {
    out += chunk;
  });
  await new Promise((resolve) => child.on('close', resolve));
  assert.match(out, /no renegotiation/i);
});
