// HTTPS as people use it, with curl: both protocols, names and certificates, clients that show theirs, redirections, bodies,
// trailers. The servers behind speak HTTP/1.1, h2c and HTTPS.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fieldOf } from '../support/configurations.ts';
import { type CurlAnswer, curl, requireCurl } from '../support/curl.ts';
import { EchoOrigin, type Told } from '../support/echo-origin.ts';
import { nghttp, requireNghttp2 } from '../support/nghttp2.ts';
import { SecureSite } from '../support/secure-site.ts';
import type { SluiceNode } from '../support/sluice-node.ts';

const NAMES = ['www.example.test', 'other.example.test', 'api.example.test', 'mutual.example.test'] as const;
const SERVER_NAME = 'origin.example.test';
const UPLOAD_BYTES = 5_000_000;
const timeout = 170_000;

/** One request to a name, as if the name were in DNS. */
type Ask = (url: string, ...words: readonly string[]) => Promise<CurlAnswer>;

interface Stage {
  readonly secure: SecureSite;
  readonly node: SluiceNode;
  readonly ask: Ask;
  readonly trusted: readonly string[];
  readonly origins: Readonly<Record<'http1' | 'h2c' | 'tls', EchoOrigin>>;
}

const CURL_PROTOCOLS = [
  ['HTTP/1.1', '--http1.1', '1.1'],
  ['HTTP/2', '--http2', '2'],
] as const;

async function prepare(context: TestContext): Promise<Stage> {
  requireCurl(context);
  requireNghttp2(context);
  const secure = await SecureSite.create(context);
  const { authority, site, securePort } = secure;
  secure.writeStatic({
    web: { http: { redirections: { entryPoint: { to: 'websecure' } } } },
    // All routers of it take TLS without saying so.
    websecure: { http: { tls: {} } },
  });
  const origins = {
    http1: await EchoOrigin.start(context, { name: 'http1' }),
    h2c: await EchoOrigin.start(context, { name: 'h2c', kind: 'h2c' }),
    tls: await EchoOrigin.start(context, {
      name: 'tls',
      kind: 'tls',
      certificate: secure.issue(SERVER_NAME),
      clientAuthorityFile: authority.certFile,
    }),
  };
  site.writeDynamic(configuration(secure, origins));
  const node = await site.serve();
  const trusted = ['--cacert', authority.certFile];
  const ask: Ask = async (url, ...words) => {
    const { hostname, port, protocol } = new URL(url);
    const actual = protocol === 'https:' ? securePort : site.port;
    const there = ['--connect-to', `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}:127.0.0.1:${actual}`];
    const [answer] = await curl(...trusted, ...there, ...words, url);
    return answer!;
  };
  return { secure, node, ask, trusted, origins };
}

function configuration(secure: SecureSite, origins: Stage['origins']): object {
  const { authority } = secure;
  const services = Object.entries(origins).map(([name, { url }]) => [
    name,
    { loadBalancer: { servers: [{ url }], ...(name === 'tls' ? { serversTransport: 'towards' } : {}) } },
  ]);
  const router = (rule: string, service: string, more: object = {}) => ({
    entryPoints: ['websecure'],
    rule,
    service,
    ...more,
  });
  return {
    http: {
      routers: {
        www: router('Host(`www.example.test`)', 'http1'),
        other: router('Host(`other.example.test`)', 'http1'),
        h2c: router('Host(`api.example.test`) && PathPrefix(`/h2c`)', 'h2c', { middlewares: ['inner'] }),
        tls: router('Host(`api.example.test`) && PathPrefix(`/tls`)', 'tls', { middlewares: ['inner'] }),
        mutual: router('Host(`mutual.example.test`)', 'http1', {
          tls: { options: 'mutual' },
          middlewares: ['shown'],
        }),
      },
      middlewares: {
        inner: { stripPrefix: { prefixes: ['/h2c', '/tls'] } },
        shown: { passTLSClientCert: { info: { subject: { commonName: true } } } },
      },
      services: Object.fromEntries(services),
      serversTransports: {
        towards: {
          serverName: SERVER_NAME,
          rootCAs: [authority.certFile],
          certificates: [secure.issueWith({ usage: 'client', commonName: 'the proxy' })],
        },
      },
    },
    tls: {
      certificates: NAMES.map((name) => secure.issue(name)),
      options: {
        mutual: { clientAuth: { caFiles: [authority.certFile], clientAuthType: 'RequireAndVerifyClientCert' } },
      },
    },
  };
}

const toldBy = ({ body }: CurlAnswer) => JSON.parse(body) as Told;

test('HTTPS with curl', { timeout }, async (context) => {
  const stage = await prepare(context);
  for (const [name, part] of Object.entries(PARTS)) await context.test(name, () => part(stage));
  assert.deepEqual(stage.node.complaints, []);
});

const PARTS: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  async 'either protocol, verified by name; the server behind knows it was TLS'({ ask }) {
    for (const [, word, version] of CURL_PROTOCOLS) {
      const answer = await ask('https://www.example.test/some/path?query=1', word);
      assert.deepEqual([answer.status, answer.version], [200, version]);
      const { headers, path, version: behind } = toldBy(answer);
      assert.deepEqual([path, behind, headers.host], ['/some/path?query=1', '1.1', 'www.example.test']);
      assert.deepEqual([headers['x-forwarded-proto'], headers['x-forwarded-port']], ['https', '443']);
    }
  },

  async 'all combinations of protocols before and behind'({ ask }) {
    for (const [, word, version] of CURL_PROTOCOLS) {
      for (const kind of ['h2c', 'tls']) {
        const answer = await ask(`https://api.example.test/${kind}/x`, word);
        assert.deepEqual([answer.status, answer.version], [200, version], `${word} ${kind}: ${answer.body}`);
        const told = toldBy(answer);
        assert.deepEqual([told.name, told.version, told.path], [kind, '2.0', '/x']);
        assert.equal(told.client, kind === 'tls' ? 'the proxy' : undefined);
      }
    }
  },

  async 'the name decides on the certificate'({ ask }) {
    // Verified by curl: each name has a certificate of its own.
    for (const name of ['www', 'other', 'api']) await ask(`https://${name}.example.test/`);
    await assert.rejects(ask('https://unknown.example.test/'), /self-signed certificate|SSL certificate problem/);
    const insecure = await ask('https://unknown.example.test/', '-k');
    assert.deepEqual([insecure.status, insecure.body], [404, '404 page not found\n']);
  },

  async 'a client certificate is asked for by name, and told to the server'({ ask, secure }) {
    // In TLS 1.3 a client hears of it when it has sent already: curl has several words for that.
    await assert.rejects(ask('https://mutual.example.test/'), /curl: \((?:16|35|52|55|56)\)/);
    const { certFile, keyFile } = secure.issueWith({ usage: 'client', commonName: 'Jane' });
    for (const [, word] of CURL_PROTOCOLS) {
      const answer = await ask('https://mutual.example.test/', word, '--cert', certFile, '--key', keyFile);
      // curl sends the authority's certificate too.
      const info = decodeURIComponent(toldBy(answer).headers['x-forwarded-tls-client-cert-info'] ?? '');
      assert.match(info, /^Subject="CN=Jane"/);
    }
  },

  async 'a connection for one name is not good for another with other options: 421'({ ask, origins }) {
    const before = origins.http1.connections;
    for (const [, word, version] of CURL_PROTOCOLS) {
      const answer = await ask('https://www.example.test/', word, '-H', 'Host: mutual.example.test');
      assert.deepEqual([answer.status, answer.version, answer.body], [421, version, 'Misdirected Request\n']);
      // The same options: allowed.
      const { headers } = toldBy(await ask('https://www.example.test/', word, '-H', 'Host: other.example.test'));
      assert.equal(headers.host, 'other.example.test');
    }
    assert.ok(origins.http1.connections <= before + 2);
  },

  async 'in cleartext: redirected, by either protocol'({ ask, secure }) {
    for (const [word, version] of [
      ['--http1.1', '1.1'],
      ['--http2-prior-knowledge', '2'],
    ] as const) {
      const answer = await ask('http://www.example.test/deep/path?query=1', word);
      assert.deepEqual([answer.status, answer.version], [301, version]);
      const location = `https://www.example.test:${secure.securePort}/deep/path?query=1`;
      assert.equal(fieldOf(answer.head, 'Location'), location);
    }
    const posted = await ask('http://www.example.test/', '-d', 'x');
    assert.equal(posted.status, 308);
    const there = ['--connect-to', `www.example.test:${secure.securePort}:127.0.0.1:${secure.securePort}`];
    // Behind the first head comes that of the place itself.
    const followed = await ask('http://www.example.test/x', '-L', ...there);
    assert.match(followed.body, /^HTTP\/2 200 \r\n/);
    assert.match(followed.body, /"path":"\/x"/);
  },

  async 'large bodies both ways'({ ask, secure }) {
    const file = join(secure.site.folder, 'upload');
    writeFileSync(file, 'a line of what is sent\n'.repeat(UPLOAD_BYTES / 23));
    const sent = readFileSync(file, 'latin1');
    for (const [, word] of CURL_PROTOCOLS) {
      for (const url of ['https://www.example.test', 'https://api.example.test/h2c', 'https://api.example.test/tls']) {
        const posted = await ask(`${url}/x`, word, '--data-binary', `@${file}`);
        assert.equal(toldBy(posted).bytes, sent.length, `${word} ${url}`);
        const echoed = await ask(`${url}/echo`, word, '-T', file);
        assert.ok(echoed.body === sent, `${word} ${url}: ${echoed.body.length} bytes came back`);
        const got = await ask(`${url}/bytes?${UPLOAD_BYTES}`, word);
        assert.equal(got.body.length, UPLOAD_BYTES);
      }
    }
  },

  async 'Expect: 100-continue'({ ask, secure }) {
    const file = join(secure.site.folder, 'expected');
    writeFileSync(file, 'x'.repeat(100_000));
    for (const [, word] of CURL_PROTOCOLS) {
      for (const url of ['https://www.example.test', 'https://api.example.test/h2c']) {
        const began = performance.now();
        const answer = await ask(url, word, '-T', file, '-H', 'Expect: 100-continue', '--expect100-timeout', '50');
        assert.equal(toldBy(answer).bytes, 100_000);
        assert.ok(performance.now() - began < 45_000, 'curl did not wait in vain');
      }
    }
  },

  async 'several requests on one connection'({ secure, trusted }) {
    for (const [, word] of CURL_PROTOCOLS) {
      const there = ['--connect-to', `www.example.test:443:127.0.0.1:${secure.securePort}`];
      const urls = ['/1', '/2', '/3'].map((path) => `https://www.example.test${path}`);
      const answers = await curl(...trusted, ...there, word, ...urls);
      assert.deepEqual(
        answers.map((answer) => toldBy(answer).path),
        ['/1', '/2', '/3'],
      );
      assert.deepEqual(
        answers.map(({ connects }) => connects),
        [1, 0, 0],
      );
    }
  },

  async 'trailers of answers arrive; those of requests, which are not sent on, do no harm'({ ask, secure }) {
    for (const [, word] of CURL_PROTOCOLS) {
      for (const url of ['https://www.example.test', 'https://api.example.test/h2c', 'https://api.example.test/tls']) {
        const { body } = await ask(`${url}/trailers`, word);
        assert.match(body, /^first\nlast\n\s*x-sum: 42\s*$/i, `${word} ${url}`);
      }
    }
    const file = join(secure.site.folder, 'trailed');
    writeFileSync(file, 'x'.repeat(10));
    for (const [name, path] of [
      ['www', '/'],
      ['api', '/h2c/'],
      ['api', '/tls/'],
    ] as const) {
      const words = [
        '-H',
        `:authority: ${name}.example.test`,
        '-d',
        file,
        '--trailer',
        'x-end: 7',
        '--no-content-length',
      ];
      const url = `https://127.0.0.1:${secure.securePort}${path}`;
      // By SNI the address has no options of its own; those of these names are the same.
      const told = JSON.parse(String(await nghttp(...words, url))) as Told;
      assert.deepEqual([told.bytes, told.trailers], [10, {}], url);
    }
  },

  async 'answers without a body'({ ask }) {
    for (const [, word] of CURL_PROTOCOLS) {
      for (const url of ['https://www.example.test', 'https://api.example.test/h2c']) {
        const head = await ask(`${url}/bytes?1000`, word, '-I');
        assert.deepEqual([head.status, head.body], [200, '']);
        for (const status of [204, 304]) {
          const answer = await ask(`${url}/status?${status}`, word);
          assert.deepEqual([answer.status, answer.body], [status, '']);
        }
      }
    }
  },
};
