import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ConfigurationError } from '@sluice/errors';
import { decodeStaticText, type LoadedStatic, loadStaticConfiguration } from './load-static.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-static-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const nowhere = join(folder, 'nowhere');

function load(
  args: readonly string[],
  environment: Record<string, string> = {},
  workingDirectory = nowhere,
): LoadedStatic {
  return loadStaticConfiguration({ arguments: args, environment, workingDirectory, systemDirectory: nowhere });
}

function messages(args: readonly string[], environment: Record<string, string> = {}): string {
  try {
    load(args, environment);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.message;
  }
  assert.fail('no error');
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('nothing: one entry point on port 80', () => {
  const { configuration, source } = load([]);
  assert.equal(source.kind, 'defaults');
  assert.deepEqual(Object.keys(configuration.entryPoints), ['http']);
  assert.equal(configuration.entryPoints.http!.address, ':80');
  assert.equal(configuration.entryPoints.http!.http.encodedCharacters, undefined);
  assert.equal(configuration.serversTransport.maxIdleConnsPerHost, 200);
  assert.equal(configuration.log.level, 'INFO');
});

test('flags: one or two dashes, any case, = or the next argument, names as first spelled', () => {
  const { configuration, source } = load([
    '--entryPoints.Web.address',
    ':8000',
    '-entrypoints.WEB.asdefault',
    '--ENTRYPOINTS.web.http.sanitizePath=F',
    '--entrypoints.web.forwardedheaders.trustedips=10.0.0.0/8, ::1',
    '--entrypoints.web.forwardedheaders.trustedips',
    '1.2.3.4',
    '--entrypoints.web.transport.lifecycle.gracetimeout=1m',
    '--entrypoints.web.transport.lifecycle.gracetimeout=2m',
    '--log.level=warn',
    '--entrypoints.web.http.encodedCharacters.allowEncodedSlash=false',
    '--',
  ]);
  assert.equal(source.kind, 'flags');
  const web = configuration.entryPoints.Web!;
  assert.equal(web.address, ':8000');
  assert.equal(web.asDefault, true);
  assert.equal(web.http.sanitizePath, false);
  assert.deepEqual(web.forwardedHeaders.trustedIPs, ['10.0.0.0/8', '::1', '1.2.3.4']);
  assert.equal(web.transport.lifeCycle.graceTimeOut, 120_000);
  assert.equal(configuration.log.level, 'WARN');
  assert.equal(web.http.encodedCharacters!.allowEncodedSlash, false);
  assert.equal(web.http.encodedCharacters!.allowEncodedHash, true);
});

test('flags: mistakes', () => {
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['serve'], /"serve" is neither a flag/],
    [['--', 'x'], /"x" is neither a flag/],
    [['---log.level=INFO'], /neither a flag/],
    [['-'], /neither a flag/],
    [['--log..level=INFO'], /parts of its name are empty/],
    [['--entryPoints'], /cannot stand alone/],
    [['--entryPoints.web'], /cannot stand alone/],
    [['--entryPoints.web=true', '--entryPoints.web.address=:1'], /must be a section/],
    [['--log.level'], /needs a value/],
    [['--configFile'], /needs a value/],
    [['--entryPoints.web.adress=:80'], /did you mean "address"/],
    [['--nonsense', 'x'], /unknown key "nonsense"/],
    [['--entryPoints.web.address=:80', '--entryPoints.web.forwardedHeaders.trustedIPs[0]=::1'], /comma-separated list/],
    [['--entryPoints.web.address=:80', '--entryPoints.web.asDefault=yes'], /true or false/],
    [['--entryPoints.web.address=:80', '--entryPoints.web.http3'], /not supported by this version yet/],
    [['--entryPoints.web.address=:80', '--entryPoints.web.http.tls.options=strict'], /must be a qualified name/],
    [['--providers.docker.swarmMode'], /has been removed: use providers.swarm/],
  ];
  for (const [args, expected] of cases) assert.match(messages(args), expected, args.join(' '));
});

test('flags of sections that are not supported do not swallow what follows', () => {
  const { configuration, diagnostics } = load([
    '--api.insecure',
    '--providers.docker.endpoint',
    'tcp://x',
    '--workers',
    '3',
  ]);
  assert.equal(configuration.workers, 3);
  assert.deepEqual(
    diagnostics.map(({ severity }) => severity),
    ['warning', 'warning'],
  );
});

test('a section that may be empty: true switches it on, anything else off', () => {
  assert.equal(load(['--log']).configuration.log.level, 'INFO');
  assert.equal(load(['--log=false', '--log.level=DEBUG']).configuration.log.level, 'INFO');
  assert.equal(load(['--log=true', '--log.level=DEBUG']).configuration.log.level, 'DEBUG');
});

test('environment', () => {
  const { configuration, source, diagnostics } = load([], {
    SLUICE_ENTRYPOINTS_WEB_ADDRESS: ':81',
    SLUICE_ENTRYPOINTS_WEB_FORWARDEDHEADERS_TRUSTEDIPS: '::1,10.0.0.1',
    SLUICE_LOGG_LEVEL: 'DEBUG',
    SLUICE_WORKER_BOOTSTRAP: '{}',
    sluice_log_level: 'DEBUG',
    TRAEFIK_LOG_LEVEL: 'DEBUG',
  });
  assert.equal(source.kind, 'environment');
  assert.equal(configuration.entryPoints.web!.address, ':81');
  assert.deepEqual(configuration.entryPoints.web!.forwardedHeaders.trustedIPs, ['::1', '10.0.0.1']);
  assert.equal(configuration.log.level, 'INFO');
  assert.match(diagnostics[0]!.message, /SLUICE_LOGG_LEVEL is ignored/);
  assert.match(messages([], { SLUICE_LOG__LEVEL: 'x' }), /empty part/);
  assert.match(messages([], { SLUICE_LOG_LEVEL: 'x' }), /environment: error: "log.level" must be one of/);
});

test('a file wins over flags and environment, which are mentioned', () => {
  const path = file('a.yaml', 'entryPoints: {web: {address: ":82"}}\nworkers: 2\n');
  const environment = { SLUICE_LOG_LEVEL: 'DEBUG' };
  const { configuration, source, diagnostics } = load(
    ['--configfile', path, '--log.level=DEBUG', '--workers=5', '--validation.unknownKeys=warn'],
    environment,
  );
  assert.deepEqual(source, { kind: 'file', path });
  assert.equal(configuration.entryPoints.web!.address, ':82');
  assert.equal(configuration.log.level, 'INFO');
  assert.equal(configuration.workers, 5);
  assert.equal(configuration.validation.unknownKeys, 'warn');
  assert.match(diagnostics[0]!.message, /^--log.level: ignored/);
  assert.match(diagnostics[1]!.message, /^SLUICE_LOG_LEVEL: ignored/);
});

test('flags win over the environment, our own flags alone do not', () => {
  const environment = { SLUICE_LOG_LEVEL: 'DEBUG' };
  const flags = load(['--entryPoints.web.address=:1'], environment);
  assert.equal(flags.configuration.log.level, 'INFO');
  assert.match(flags.diagnostics[0]!.message, /ignored/);
  const own = load(['--workers=4'], environment);
  assert.equal(own.configuration.log.level, 'DEBUG');
  assert.equal(own.configuration.workers, 4);
});

test('default files, in their order', () => {
  const config = join(folder, 'xdg');
  const work = join(folder, 'work');
  mkdirSync(config);
  mkdirSync(work);
  writeFileSync(join(work, 'sluice.yml'), 'workers: 1');
  const environment = { XDG_CONFIG_HOME: config };
  assert.equal(load([], environment, work).configuration.workers, 1);
  writeFileSync(join(work, 'sluice.toml'), 'workers = 2');
  assert.equal(load([], environment, work).configuration.workers, 2);
  writeFileSync(join(config, 'sluice.yaml'), 'workers: 3');
  assert.equal(load([], environment, work).configuration.workers, 3);
  assert.equal(load([`--configFile=$XDG_CONFIG_HOME/sluice.yaml`], environment).configuration.workers, 3);
});

test('files that cannot be used', () => {
  assert.match(messages(['--configFile=/nowhere/at/all.yaml']), /all.yaml: error: .*does not exist/);
  assert.match(messages(['--configFile', folder]), /ends in .toml/);
  assert.match(messages(['--configFile', file('empty.yaml', '# nothing\n')]), /is empty/);
  assert.match(messages(['--configFile', file('list.yaml', '[1]')]), /section with keys/);
  assert.match(messages(['--configFile', file('bad.toml', 'a = ')]), /bad.toml:1:/);
  assert.match(
    messages(['--configFile', file('root.json', '{"entrypoint": {}}')]),
    /root.json:1:2: error: unknown key/,
  );
});

test('unknown keys in the file itself only warn when the file says so', () => {
  const path = file('warn.yaml', 'validation: {unknownKeys: warn}\nsurprise: 1\n');
  const { diagnostics } = load(['--configFile', path]);
  assert.deepEqual(
    diagnostics.map(({ severity, line }) => [severity, line]),
    [['warning', 2]],
  );
  assert.match(messages(['--configFile', path, '--validation.unknownKeys=error']), /unknown key "surprise"/);
});

test('only the internal entry point: the default one is added', () => {
  const { configuration } = load(['--entryPoints.traefik.address=:8080']);
  assert.deepEqual(Object.keys(configuration.entryPoints), ['traefik', 'http']);
});

test('access log: off without its section, on with the bare flag, and in every detail', () => {
  assert.equal(load([]).configuration.accessLog, undefined);
  const { accessLog: plain } = load(['--accesslog']).configuration;
  assert.equal(plain!.format, 'common');
  assert.equal(plain!.filePath, '');
  assert.deepEqual(plain!.fields.headers, { defaultMode: 'drop', names: {} });
  assert.deepEqual(plain!.filters, { statusCodes: [], retryAttempts: false, minDuration: 0 });
  const { accessLog } = load([], {
    SLUICE_ACCESSLOG_FILEPATH: '/var/log/access.log',
    SLUICE_ACCESSLOG_FORMAT: 'genericCLF',
    SLUICE_ACCESSLOG_BUFFERINGSIZE: '100',
    SLUICE_ACCESSLOG_FILTERS_STATUSCODES: '200, 300-302',
    SLUICE_ACCESSLOG_FILTERS_MINDURATION: '10ms',
    SLUICE_ACCESSLOG_FIELDS_HEADERS_DEFAULTMODE: 'redact',
  }).configuration;
  assert.equal(accessLog!.filePath, '/var/log/access.log');
  assert.equal(accessLog!.format, 'genericCLF');
  assert.equal(accessLog!.bufferingSize, 100);
  assert.deepEqual(accessLog!.filters, {
    statusCodes: ['200', '300-302'],
    retryAttempts: false,
    minDuration: 10,
  });
  assert.equal(accessLog!.fields.headers.defaultMode, 'redact');
});

test('access log: names of fields and headers as flags, in any case', () => {
  const { configuration, diagnostics } = load([
    '--accesslog.fields.names.ClientUsername=drop',
    '--accesslog.fields.names.requestpath=drop',
    '--accesslog.fields.headers.names.User-Agent=keep',
  ]);
  assert.deepEqual(configuration.accessLog!.fields.names, { ClientUsername: 'drop', requestpath: 'drop' });
  assert.deepEqual(configuration.accessLog!.fields.headers.names, { 'User-Agent': 'keep' });
  assert.deepEqual(diagnostics, []);
  assert.match(messages(['--accesslog.fields.defaultmode=redact']), /"accessLog.fields.defaultMode" must be one of/);
});

test('ping and metrics: off by default, bare flags, and the entry point that is made for them', () => {
  const plain = load([]).configuration;
  assert.deepEqual([plain.ping, plain.metrics], [undefined, { addInternals: false }]);
  const { configuration } = load(['--ping', '--metrics.prometheus']);
  assert.deepEqual(configuration.ping, { entryPoint: 'traefik', manualRouting: false, terminatingStatusCode: 503 });
  assert.deepEqual(configuration.metrics.prometheus!.buckets, [0.1, 0.3, 1.2, 5]);
  assert.deepEqual(Object.keys(configuration.entryPoints), ['http', 'traefik']);
  assert.equal(configuration.entryPoints.traefik!.address, ':8080');
});

test('ping and metrics: no entry point is made for routers of the user, or for pages somewhere else', () => {
  const manual = load(['--ping.manualrouting', '--metrics.prometheus.manualrouting=true']).configuration;
  assert.deepEqual(Object.keys(manual.entryPoints), ['http']);
  const elsewhere = load(['--ping.entrypoint=http', '--metrics.prometheus.entrypoint=http']).configuration;
  assert.deepEqual(Object.keys(elsewhere.entryPoints), ['http']);
  const declared = load(['--ping', '--entrypoints.traefik.address=:9999']).configuration;
  assert.equal(declared.entryPoints.traefik!.address, ':9999');
  assert.match(messages(['--ping.entrypoint=htp']), /"ping.entryPoint" names the entry point "htp".*mean "http"/);
});

test('metrics: buckets and labels from flags and variables', () => {
  const flags = load(['--metrics.prometheus.buckets=0.5,1,2.5', '--metrics.prometheus.headerlabels.tenant=X-Tenant']);
  assert.deepEqual(flags.configuration.metrics.prometheus!.buckets, [0.5, 1, 2.5]);
  assert.deepEqual(flags.configuration.metrics.prometheus!.headerLabels, { tenant: 'X-Tenant' });
  const { configuration } = load([], { SLUICE_METRICS_PROMETHEUS_BUCKETS: '1' });
  assert.deepEqual(configuration.metrics.prometheus!.buckets, [1]);
  for (const [text, message] of [
    ['1,1', /must be ascending: 1 comes after 1/],
    ['a', /must be a list of numbers, not "a"/],
    ['1,Infinity', /must be a list of numbers/],
    ['', /must have at least one bound/],
  ] as const) {
    assert.match(messages([`--metrics.prometheus.buckets=${text}`]), message);
  }
});

test('ocsp: off by default, a bare flag, and responders that are replaced', () => {
  assert.equal(load([]).configuration.ocsp, undefined);
  assert.deepEqual(load(['--ocsp']).configuration.ocsp, { responderOverrides: {} });
  const text = 'ocsp: {responderOverrides: {"http://a.example/x": "https://b.example"}}';
  assert.deepEqual(decodeStaticText(text, 'yaml', 'f').configuration.ocsp, {
    responderOverrides: { 'http://a.example/x': 'https://b.example' },
  });
  for (const value of ['""', 'b.example', 'ldap://b.example']) {
    const refused = `ocsp: {responderOverrides: {"http://a.example": ${value}}}`;
    assert.throws(() => decodeStaticText(refused, 'yaml', 'f'), /must be the URL of a responder/, value);
  }
});
