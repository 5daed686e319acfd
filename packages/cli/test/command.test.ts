// The command as people start it: a process with arguments, output and an exit code.

import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, test } from 'node:test';
import { DEFAULT_CERTIFICATE_FILE, keptDefaultCertificate } from '@sluice/certificates';

const command = join(import.meta.dirname, '../bin/sluice');
const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const environment = { PATH: process.env.PATH, HOME: folder };

function sluice(...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [command, ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: environment,
    timeout: 60_000,
  });
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

file(
  'good/static.yaml',
  `entryPoints:
  web: {address: ":8000", http: {encodedCharacters: {allowEncodedSlash: false}}}
  admin: {address: "127.0.0.1:9000", http: {middlewares: [tag@file], underscoreHeadersStrategy: reject}}
providers: {file: {directory: good/dynamic}}
`,
);
file(
  'good/dynamic/one.yaml',
  `http:
  routers:
    api:
      rule: Host(\`api.example.com\`) && (PathPrefix(\`/v1\`) || Header(\`X-Version\`, \`1\`)) && !Method(\`POST\`)
      middlewares: [both]
      service: api
    office: {rule: ClientIP(\`10.0.0.0/8\`), service: api, entryPoints: [web]}
    empty: {rule: Path(\`/empty\`), service: nobody, priority: 1000}
  services:
    api: {loadBalancer: {strategy: p2c, servers: [{url: "http://10.0.0.1"}, {url: "http://10.0.0.2:8080", weight: 2}]}}
    nobody: {loadBalancer: {}}
`,
);
file(
  'good/dynamic/two.toml',
  `[http.middlewares.strip.stripPrefix]
prefixes = ["/v1"]
[http.middlewares.both.chain]
middlewares = ["strip", "tag"]
[http.middlewares.tag.headers.customRequestHeaders]
X-Tag = "1"
`,
);
file(
  'bad.yaml',
  `http:
  routers:
    rule:
      rule: Hots(\`a\`)
      service: s
    reference: {rule: Host(\`a\`), service: t, middlewares: [gone]}
    fine: {rule: Host(\`a\`), service: s}
    typo: {rule: Host(\`a\`), servcie: s}
  services:
    s: {loadBalancer: {servers: [{url: "http://a"}]}}
  middlewares:
    regex: {redirectRegex: {regex: "(", replacement: x}}
    loop: {chain: {middlewares: [loop]}}
`,
);

test('validate: a good configuration', () => {
  const { status, stdout, stderr } = sluice('validate', '--configFile', 'good/static.yaml');
  assert.equal(stderr, '');
  assert.match(stdout, /2 files, 3 routers, 2 services, 3 middlewares accepted\nvalid: 0 errors, 0 warnings\n$/);
  assert.equal(status, 0);
});

test('validate: everything that is wrong, with its place', () => {
  const { status, stdout } = sluice('validate', 'bad.yaml');
  assert.equal(status, 1);
  const expected = [
    /bad\.yaml:3:5: error: .*"Hots".*\[http\.routers\.rule@file\]/,
    /bad\.yaml:6:5: error: the service "t@file" does not exist \[http\.routers\.reference@file\] \(did you mean "s@file"\?\)/,
    /bad\.yaml:6:5: error: the middleware "gone@file" does not exist/,
    /bad\.yaml:8:29: error: unknown key "servcie".*\(did you mean "service"\?\)/,
    /bad\.yaml:12:\d+: error: .*http\.middlewares\.regex/,
    /bad\.yaml:13:5: error: chains must not contain themselves: loop@file -> loop@file/,
  ];
  for (const line of expected) assert.match(stdout, line);
  assert.match(stdout, /not valid: 6 errors, 0 warnings\n$/);
});

test('validate: a name that two files define, with both places', () => {
  file('twice.yaml', 'http:\n  services:\n    s: {loadBalancer: {servers: [{url: "http://b"}]}}\n');
  const { stdout } = sluice('validate', 'bad.yaml', 'twice.yaml');
  assert.match(stdout, /twice\.yaml:3:5: warning: it is already defined in .*bad\.yaml.*\[http\.services\.s\]/);
  assert.match(stdout, /not valid: 6 errors, 1 warning\n$/);
});

test('validate: JSON, and entry points that are unknown only with a static configuration', () => {
  file(
    'entry.yaml',
    'http: {routers: {r: {rule: Path(`/`), service: s, entryPoints: [wep]}}, services: {s: {loadBalancer: {}}}}',
  );
  assert.equal(sluice('validate', 'entry.yaml').status, 0);
  const { status, stdout } = sluice('validate', 'entry.yaml', '--configFile=good/static.yaml', '--format=json');
  const report = JSON.parse(stdout);
  assert.equal(status, 1);
  assert.equal(report.valid, false);
  const none = { middlewares: 0, serversTransports: 0, certificates: 0, tlsOptions: 0 };
  assert.deepEqual(report.accepted, { files: 1, routers: 1, services: 1, ...none });
  const found = report.diagnostics.map((each: { object: string; line?: number; hint?: string }) => [
    each.object,
    each.line,
    each.hint,
  ]);
  assert.deepEqual(found, [
    ['entryPoints.admin', undefined, undefined],
    ['http.routers.r@file', 1, 'did you mean "web"?'],
  ]);
});

test('validate: files that cannot be read, static configuration that is wrong', () => {
  assert.match(sluice('validate', 'nowhere.yaml').stdout, /nowhere\.yaml: error: the file does not exist/);
  assert.match(sluice('validate', 'notes.txt').stdout, /ends in \.yaml/);
  const { status, stdout } = sluice(
    'validate',
    '--configFile',
    file('wrong.yaml', 'entryPoints: {web: {adress: ":1"}}'),
  );
  assert.match(stdout, /wrong\.yaml:1:21: error: unknown key "entryPoints\.web\.adress"/);
  assert.equal(status, 1);
});

test('validate: certificates that cannot be read or do not fit, options that do not exist, with their places', async () => {
  const made = async (name: string) => {
    await keptDefaultCertificate(join(folder, name), Date.now());
    return join(name, DEFAULT_CERTIFICATE_FILE);
  };
  const [one, two] = [await made('one'), await made('two')];
  file(
    'certificates.yaml',
    `http:
  routers:
    good: {rule: Host(\`a\`), service: s, tls: {options: strict}}
    lost: {rule: Host(\`b\`), service: s, tls: {options: strikt}}
  services: {s: {loadBalancer: {serversTransport: t, servers: [{url: "https://10.0.0.1"}]}}}
  serversTransports:
    t: {rootCAs: [none.pem]}
tls:
  options:
    strict: {sniStrict: true}
    default: {clientAuth: {caFiles: [none.pem]}}
  stores:
    default: {defaultCertificate: {certFile: none.pem, keyFile: none.pem}}
  certificates:
    - {certFile: ${one}, keyFile: ${one}}
    - {certFile: ${one}, keyFile: ${two}}
    - certFile: none.pem
      keyFile: none.pem
`,
  );
  const { status, stdout } = sluice('validate', 'certificates.yaml');
  assert.equal(status, 1);
  for (const line of [
    /certificates\.yaml:4:5: error: "tls\.options": .*"strikt@file" does not exist.*\(did you mean "strict@file"\?\)/,
    /certificates\.yaml:7:5: error: "rootCAs\[0\]" is neither PEM nor a file that exists: none\.pem/,
    /certificates\.yaml:11:5: error: "clientAuth\.caFiles\[0\]" is neither PEM .*\[tls\.options\.default\]/,
    /certificates\.yaml:13:5: error: the pair of the default certificate cannot be used: .*\[tls\.stores\.default\]/,
    /certificates\.yaml:16:7: error: .* the key does not belong to the certificate/,
    /certificates\.yaml:17:7: error: the pair of none\.pem cannot be used: the certificate is neither PEM/,
  ]) {
    assert.match(stdout, line);
  }
  assert.match(stdout, /not valid: 6 errors, 0 warnings\n$/);
  assert.ok(!stdout.includes('PRIVATE'));
  assert.ok(!existsSync(join(folder, DEFAULT_CERTIFICATE_FILE)), 'nothing is written');
});

test('validate: what the compiler warns of', () => {
  file('udp.yaml', 'entryPoints: {dns: {address: ":53/udp"}}');
  file(
    'hidden.yaml',
    `udp:
  routers:
    a: {service: s}
    b: {service: s}
  services: {s: {loadBalancer: {servers: [{address: "a:1"}]}}}
`,
  );
  const { status, stdout } = sluice('validate', 'hidden.yaml', '--configFile', 'udp.yaml');
  assert.equal(status, 0);
  assert.match(
    stdout,
    /hidden\.yaml:3:5: warning: it gets nothing on the entry point "dns": "b@file" takes every flow there/,
  );
});

test('validate: password files of health checks that cannot be read', () => {
  file('password.txt', 'secret\n');
  file(
    'passwords.yaml',
    `tcp:
  services:
    good: {loadBalancer: {servers: [{address: "a:1"}], healthCheck: {mode: redis, passwordFile: password.txt}}}
    bad: {loadBalancer: {servers: [{address: "a:1"}], healthCheck: {mode: redis, passwordFile: none.txt}}}
`,
  );
  const { status, stdout } = sluice('validate', 'passwords.yaml');
  assert.equal(status, 0);
  assert.match(
    stdout,
    /passwords\.yaml:4:5: warning: "loadBalancer\.healthCheck\.passwordFile" cannot be read, so .*: ENOENT/,
  );
  assert.match(stdout, /\nvalid: 0 errors, 1 warning\n$/);
  assert.ok(!stdout.includes('secret'));
});

function explain(...args: string[]): SpawnSyncReturns<string> {
  return sluice('explain', ...args, '--configFile=good/static.yaml');
}

test('explain: entry point, normalisation, router, middlewares, service', () => {
  const { status, stdout, stderr } = explain(
    'GET',
    'http://API.example.com:8000/x/../v1//a%7e?q=1;r=2',
    '-H',
    'X-A: b',
  );
  assert.equal(stderr, '');
  for (const part of [
    'entry point  web (:8000): listens on port 8000',
    'host         api.example.com',
    'path         /v1/a~ (as sent: /x/../v1//a%7e)',
    'query        q=1&r=2',
    '✓ web-api@file',
    ': takes the request',
    '✗ Header(`X-Version`, `1`)',
    '1. strip@file (stripPrefix)',
    '2. tag@file (headers)',
    'api@file: p2c, Host of the client, transport default@internal',
    'http://10.0.0.2:8080 (weight 2)',
  ]) {
    assert.ok(stdout.includes(part), `${part} is not in\n${stdout}`);
  }
  assert.equal(status, 0);
});

test('explain: why routers were passed over; JSON', () => {
  const { status, stdout } = explain(
    'POST',
    'http://api.example.com:8000/v1',
    '--client-ip',
    '10.1.2.3',
    '--format',
    'json',
  );
  const { candidates, service, routed } = JSON.parse(stdout);
  assert.equal(status, 0);
  assert.deepEqual(routed, { host: 'api.example.com', path: '/v1', forwardedPath: '/v1' });
  assert.deepEqual(
    candidates.map((each: { name: string; matches: boolean; chosen: boolean }) => [
      each.name,
      each.matches,
      each.chosen,
    ]),
    [
      ['web-empty@file', false, false],
      ['web-api@file', false, false],
      ['office@file', true, true],
    ],
  );
  assert.equal(candidates[1].predicate.children.at(-1).outcome, false);
  assert.equal(service.name, 'api@file');
});

test('explain: answers that Sluice gives itself', () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['GET', 'http://other:8000/'], /answer +404 Not Found/],
    [['GET', 'http://other:8000/%zz'], /answer +400 Bad Request/],
    [['GET', 'http://api.example.com:8000/v1/a%2fb'], /answer +400 Bad Request: the path contains %2F/],
    [['GET', 'http://other:8000/empty'], /answer +503 Service Unavailable/],
    [['GET', 'http://a:9000/', '-H', 'a_b: c'], /answer +400 .*underscore/],
  ];
  for (const [args, expected] of cases) {
    const { status, stdout } = explain(...args);
    assert.match(stdout, expected);
    assert.equal(status, 1);
  }
});

test('explain: over TLS, with options chosen by the server name', () => {
  file(
    'tls/dynamic.yaml',
    `http:
  routers:
    shop: {rule: Host(\`shop.example\`), service: s, tls: {options: strict}}
    any: {rule: PathPrefix(\`/\`), service: s, tls: {}}
  services: {s: {loadBalancer: {servers: [{url: "https://10.0.0.1"}]}}}
tls: {options: {strict: {sniStrict: true}}}
`,
  );
  file(
    'tls/static.yaml',
    `entryPoints:
  web: {address: ":80", http: {redirections: {entryPoint: {to: websecure}}}}
  websecure: {address: ":443", asDefault: true}
providers: {file: {filename: tls/dynamic.yaml}}
`,
  );
  const validated = sluice('validate', '--configFile=tls/static.yaml');
  assert.deepEqual(
    [validated.status, /valid: 0 errors, 0 warnings/.test(validated.stdout)],
    [0, true],
    validated.stdout,
  );
  const cases: readonly (readonly [string[], RegExp, number])[] = [
    [
      ['https://shop.example/'],
      /TLS +server name shop.example: options strict@file[\s\S]*shop@file.*takes the request/,
      0,
    ],
    [['https://10.0.0.9/'], /TLS +no server name: options default[\s\S]*✓ any@file/, 0],
    [
      ['https://other.example/', '-H', 'Host: shop.example'],
      /answer +421 Misdirected Request: .*strict@file.*default/,
      1,
    ],
    [['http://shop.example/'], /redirect-web-to-websecure@internal \(redirectScheme\)[\s\S]*service +noop@internal/, 0],
    [['http://a:443/'], /answer +404 Not Found: no router of this entry point for plain requests/, 1],
  ];
  for (const [args, expected, status] of cases) {
    const explained = sluice('explain', 'GET', ...args, '--configFile=tls/static.yaml');
    assert.match(explained.stdout, expected);
    assert.equal(explained.status, status);
  }
  const { tls } = JSON.parse(sluice('explain', 'https://x/', '--configFile=tls/static.yaml', '--format=json').stdout);
  assert.deepEqual(tls, { serverName: 'x', options: 'default' });
});

test('explain: wrong use', () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [[], /expected a method and a URL/],
    [['GET', 'http://a:1/'], /no entry point listens on port 1; name one with --entryPoint: web \(:8000\)/],
    [['GET', 'http://a/', '--entryPoint', 'wep'], /did you mean "web"/],
    [['GET', 'ftp://a/'], /not an http or https URL/],
    [['GET', 'http://a:8000/', '--client-ip', 'me'], /must be an IP address/],
    [['GET', 'http://a:8000/', '-H', 'novalue'], /Name: value/],
    [['GET', 'http://a:8000/', '--bogus'], /unknown option --bogus/],
  ];
  for (const [args, expected] of cases) {
    const { status, stderr } = explain(...args);
    assert.match(stderr, expected, args.join(' '));
    assert.equal(status, 1);
  }
});

test('help, version, unknown commands', () => {
  for (const args of [['help'], ['--help'], ['-h']]) {
    const { status, stdout } = sluice(...args);
    assert.equal(status, 0);
    assert.match(stdout, /--entryPoints\.<name>\.address <string>/);
    assert.match(stdout, /\(default: 180s\)/);
  }
  assert.match(sluice('explain', '--help').stdout, /^Usage: sluice explain/);
  assert.match(sluice('help', 'validate').stdout, /^Usage: sluice validate/);
  assert.match(sluice('version').stdout, /^sluice \d+\.\d+\.\d+\nnode 22\./);
  const unknown = sluice('valdiate');
  assert.match(unknown.stderr, /there is no command "valdiate"; did you mean "validate"\?/);
  assert.equal(unknown.status, 1);
});

test('run: a configuration that cannot be used ends it with every reason', () => {
  const { status, stderr } = sluice('--entryPoints.web.adress=:1', '--log.level=LOUD');
  assert.match(stderr, /flags: error: unknown key "entryPoints.web.adress"/);
  assert.match(stderr, /flags: error: "log.level" must be one of/);
  assert.equal(status, 1);
  assert.match(sluice('run', '--configFile=nowhere.yaml').stderr, /nowhere\.yaml: error: .*does not exist/);
});

test('an older Node finds the one of the repository', (context) => {
  const older = (process.env.PATH ?? '')
    .split(delimiter)
    .map((path) => join(path, 'node'))
    .find(
      (path) =>
        existsSync(path) && /^v(1\d|20)\./.test(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout ?? ''),
    );
  if (older === undefined) return context.diagnostic('no older Node on this machine: nothing to try');
  const { status, stdout } = spawnSync(older, [command, 'version'], {
    cwd: folder,
    encoding: 'utf8',
    env: environment,
  });
  assert.match(stdout, /node 22\./);
  assert.equal(status, 0);
  assert.equal(spawnSync(older, [command, 'nonsense'], { cwd: folder, encoding: 'utf8', env: environment }).status, 1);
});

test('services of the program itself: known where they are switched on, reachable as explained', () => {
  const dynamic = file(
    'own/dynamic.yaml',
    'http: {routers: {live: {rule: Path(`/live`), service: ping@internal}, page: {rule: Path(`/p`), service: prometheus@internal}}}',
  );
  const config = file(
    'own/static.yaml',
    'entryPoints: {web: {address: ":8000"}}\nping: {entryPoint: web}\nproviders: {file: {filename: own/dynamic.yaml}}\n',
  );
  const alone = sluice('validate', dynamic);
  assert.equal(alone.status, 0, alone.stdout);
  const whole = sluice('validate', `--configFile=${config}`);
  assert.equal(whole.status, 1);
  assert.match(
    whole.stdout,
    /"prometheus@internal" is not enabled: the static configuration has no "metrics.prometheus"/,
  );
  assert.doesNotMatch(whole.stdout, /ping/);
  const explained = sluice('explain', 'http://localhost:8000/ping', `--configFile=${config}`, '--format=json');
  assert.match(explained.stdout, /"ping@internal"/);
});
