// TLS and HTTP/2 to servers that are not Node: nginx and OpenSSL.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { findTool } from '../../../../native-bench/src/lab/tools.ts';
import { freePort } from '../../../../test/support/free-port.ts';
import { startNginx } from '../../../../test/support/nginx-server.ts';
import { requireOpenssl } from '../../../../test/support/openssl.ts';
import { answerTo, authority, closeAll, proxyTo, serverCertificate, transportTls } from '../support/secure-servers.ts';

afterEach(closeAll);

describe('nginx', () => {
  it('speaks HTTP/2 over TLS with us: small and large files, many at a time', async (context) => {
    const port = await freePort();
    const large = Buffer.alloc(20 * 1024 * 1024, 'abcdefghij');
    await startNginx(
      context,
      {
        'small.txt': 'small',
        'large.bin': large.toString('latin1'),
        'certificate.pem': serverCertificate.chain,
        'key.pem': serverCertificate.key,
      },
      `listen 127.0.0.1:${port} ssl http2; ssl_certificate certificate.pem; ssl_certificate_key key.pem;
       http2_max_concurrent_streams 16;
       location /info { return 200 "$server_protocol $ssl_session_reused $connection"; }`,
    );
    const proxy = await proxyTo(`https://127.0.0.1:${port}`);
    assert.match(await answerTo(proxy, 'GET /info HTTP/1.1\r\nHost: h'), /HTTP\/2\.0 \. \d+$/);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => answerTo(proxy, 'GET /small.txt HTTP/1.1\r\nHost: h')),
    );
    for (const answer of answers) assert.match(answer, /200 OK(.*\r\n)*\r\nsmall$/);
    const hash = createHash('sha1');
    const [response] = await once(get({ port: proxy.port, path: '/large.bin' }), 'response');
    for await (const data of response) hash.update(data);
    assert.equal(hash.digest('hex'), createHash('sha1').update(large).digest('hex'));
    assert.match(await answerTo(proxy, 'GET /absent HTTP/1.1\r\nHost: h'), /^HTTP\/1\.1 404 /);
    await proxy.untilQuiet();
  });
});

describe('openssl s_server', () => {
  let child: ChildProcess | undefined;
  let folder = '';
  afterEach(async () => {
    if (child !== undefined && child.exitCode === null) {
      child.kill();
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  });

  /** Answers `GET /` with a page about the connection. */
  async function start(...options: readonly string[]): Promise<string> {
    requireOpenssl();
    folder = mkdtempSync(join(tmpdir(), 'sluice-s-server-'));
    const files = { certificate: serverCertificate.chain, key: serverCertificate.key, authority: authority.chain };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const port = await freePort();
    const own = ['-cert', join(folder, 'certificate'), '-key', join(folder, 'key'), '-accept', String(port), '-www'];
    child = spawn(findTool('openssl')!, ['s_server', ...own, ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout!, 'data');
    return `https://127.0.0.1:${port}`;
  }

  for (const version of ['tls1_2', 'tls1_3']) {
    it(`${version}, resumed the second time`, async () => {
      const proxy = await proxyTo(await start(`-${version}`));
      assert.match(await answerTo(proxy), /^New, TLSv1/m);
      assert.match(await answerTo(proxy), /^Reused, TLSv1/m);
    });
  }

  it('a version that we do not offer', async () => {
    const proxy = await proxyTo(await start('-tls1_2'), transportTls({ minVersion: 0x0304 }));
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 502 /);
    assert.equal(proxy.warnings.at(-1)?.code, 'UPSTREAM_TLS_FAILED');
  });

  it('a certificate of ours that it misses', async () => {
    const proxy = await proxyTo(await start('-tls1_2', '-Verify', '1'));
    assert.match(await answerTo(proxy), /^HTTP\/1\.1 502 /);
  });
});
