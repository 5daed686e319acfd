import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodedCharacterMask } from '@sluice/protocols';
import { compilationInput, entryPoint, router, service, transport } from '../../test/support/test-configuration.ts';
import { requestView } from '../../test/support/test-request.ts';
import type { CompilationInput } from '../plan/compilation-input.ts';
import { ObservedSignal } from '../plan/observed-signals.ts';
import { SnapshotMatcher } from '../snapshot/snapshot-matcher.ts';
import { SnapshotReader } from '../snapshot/snapshot-reader.ts';
import { verifySnapshot } from '../snapshot/snapshot-verification.ts';
import { compileConfiguration } from './compile-configuration.ts';

const PATH_A = { type: 'addPrefix', options: { prefix: '/a' } };
const PATH_B = { type: 'addPrefix', options: { prefix: '/b' } };

function chain(...middlewares: string[]) {
  return { type: 'chain', options: { middlewares } };
}

function compile(input: CompilationInput) {
  const { bytes, diagnostics, counts } = compileConfiguration(input);
  const reader = SnapshotReader.open(bytes);
  verifySnapshot(reader);
  const routers = Array.from({ length: reader.routerCount }, (_, index) => reader.router(index));
  return { reader, routers, counts, problems: diagnostics.map(({ object, message }) => `${object}: ${message}`) };
}

function middlewareNames(reader: SnapshotReader, indices: readonly number[]): string[] {
  return indices.map((index) => reader.middleware(index).name);
}

describe('order of routers', () => {
  it('is priority, then provider precedence, then name', () => {
    const { routers } = compile(
      compilationInput({
        routers: {
          'z@file': router('Path(`/aa`)'),
          'b@file': router('Path(`/a`)'),
          'a@file': router('Path(`/b`)'),
          'm@Docker': router('Path(`/c`)'),
          'x@other': router('Path(`/d`)'),
          'low@docker': router('Path(`/e`)', { priority: -1n }),
          'high@other': router('Path(`/f`)', { priority: 2n ** 63n - 1001n }),
          '\u{1f600}@file': router('Path(`/g`)'),
          '\uffee@file': router('Path(`/h`)'),
        },
      }),
    );
    assert.deepEqual(
      routers.map(({ name }) => name),
      [
        'high@other',
        'z@file',
        'm@Docker',
        'a@file',
        'b@file',
        '\uffee@file',
        '\u{1f600}@file',
        'x@other',
        'low@docker',
      ],
    );
    assert.deepEqual(
      routers.map(({ priority }) => priority),
      [2n ** 63n - 1001n, 11n, 10n, 10n, 10n, 10n, 10n, 10n, -1n],
    );
  });

  it('takes the length of the rule in bytes', () => {
    const { routers } = compile(compilationInput({ routers: { 'a@file': router('HostRegexp(`[a-z]+\\.t\\.com`)') } }));
    assert.equal(routers[0]!.priority, 28n);
    assert.equal(routers[0]!.rule, 'HostRegexp(`[a-z]+\\.t\\.com`)');
  });
});

describe('entry points', () => {
  const entryPoints = { web: entryPoint(), traefik: entryPoint(), other: entryPoint() };

  it('of a router without any are all but the internal one, or the default ones', () => {
    const routers = { 'a@file': router('Path(`/`)') };
    const all = compile(compilationInput({ routers }, { entryPoints }));
    assert.equal(all.routers.length, 2);
    const matcher = new SnapshotMatcher(all.reader);
    const matched = ['web', 'traefik', 'other'].map(
      (name) => matcher.match(all.reader.entryPointIndex(name), requestView({})) !== -1,
    );
    assert.deepEqual(matched, [true, false, true]);
    assert.equal(all.counts.routers, 1);
    const marked = compile(compilationInput({ routers }, { entryPoints: { ...entryPoints, d: entryPoint({}, true) } }));
    assert.equal(marked.routers.length, 1);
    assert.notEqual(new SnapshotMatcher(marked.reader).match(marked.reader.entryPointIndex('d'), requestView({})), -1);
    assert.equal(marked.reader.entryPointIndex('none'), -1);
  });

  it('that do not exist are left out with a warning, or refuse the router', () => {
    const routers = {
      'a@file': router('Path(`/`)', { entryPoints: ['web', 'none', 'web'] }),
      'b@file': router('Path(`/`)', { entryPoints: ['none'] }),
    };
    const result = compile(compilationInput({ routers }, { entryPoints }));
    assert.deepEqual(
      result.routers.map(({ name }) => name),
      ['a@file'],
    );
    assert.deepEqual(result.counts.routersRefused, 1);
    assert.match(result.problems.join('\n'), /a@file: there is no entry point "none"; the others are used\n.*b@file/);
  });

  it('with middlewares or encoded characters are models', () => {
    const encodedCharacters = {
      allowEncodedSlash: false,
      allowEncodedBackSlash: true,
      allowEncodedNullCharacter: false,
      allowEncodedSemicolon: true,
      allowEncodedPercent: true,
      allowEncodedQuestionMark: true,
      allowEncodedHash: true,
    };
    const { reader, routers } = compile(
      compilationInput(
        {
          routers: {
            'one@file': router('Path(`/one`)', { entryPoints: ['modelled'], middlewares: ['b@file'] }),
            'two@file': router('Path(`/two`)', { entryPoints: ['web', 'modelled', 'encoded'], middlewares: ['b'] }),
          },
          middlewares: { 'a@file': PATH_A, 'b@file': PATH_B },
        },
        {
          entryPoints: {
            web: entryPoint(),
            modelled: entryPoint({ middlewares: ['a@file'] }),
            encoded: entryPoint({ encodedCharacters }),
          },
        },
      ),
    );
    const seen = routers.map(({ name, middlewares, deniedEncodedCharacters }) => [
      name,
      middlewareNames(reader, middlewares),
      deniedEncodedCharacters,
    ]);
    assert.deepEqual(seen, [
      ['two@file', ['b@file'], 0],
      ['one@file', ['a@file', 'b@file'], 0],
      ['modelled-two@file', ['a@file', 'b@file'], 0],
      ['encoded-two@file', ['b@file'], encodedCharacterMask(encodedCharacters)],
    ]);
  });

  it('say which signals observe their routers, and routers have the last word, signal by signal', () => {
    const quiet = { ...entryPoint(), observability: { accessLogs: false, metrics: true } };
    const { routers } = compile(
      compilationInput(
        {
          routers: {
            'a@file': router('Path(`/a`)'),
            'b@file': router('Path(`/bb`)', { observability: { accessLogs: true } }),
            'c@file': router('Path(`/ccc`)', { observability: { metrics: false } }),
          },
        },
        { entryPoints: { web: entryPoint(), quiet } },
      ),
    );
    const { ACCESS_LOGS, METRICS } = ObservedSignal;
    const seen = routers.map(({ name, observedSignals }) => [name, observedSignals]);
    assert.deepEqual(seen, [
      ['c@file', ACCESS_LOGS],
      ['b@file', ACCESS_LOGS | METRICS],
      ['a@file', ACCESS_LOGS | METRICS],
      ['c@file', 0],
      ['b@file', ACCESS_LOGS | METRICS],
      ['a@file', METRICS],
    ]);
  });

  it('whose middlewares do not exist serve nothing', () => {
    const result = compile(
      compilationInput(
        { routers: { 'a@file': router('Path(`/`)') } },
        {
          entryPoints: { web: entryPoint({ middlewares: ['none@file'] }), bad: entryPoint({ middlewares: ['none'] }) },
        },
      ),
    );
    assert.equal(result.routers.length, 0);
    assert.deepEqual(result.problems, [
      'entryPoints.web: the middleware "none@file" does not exist or cannot be used; no router is reachable here',
      'http.routers.a@file: the middleware "none@file" of the entry point "bad" does not exist or cannot be used',
    ]);
  });

  it('carry their configuration', () => {
    const { reader } = compile(compilationInput({}));
    assert.deepEqual(JSON.parse(reader.entryPoint(0).configurationJson), JSON.parse(JSON.stringify(entryPoint())));
  });
});

describe('middlewares', () => {
  it('of chains are expanded in place', () => {
    const { reader, routers } = compile(
      compilationInput({
        routers: { 'r@file': router('Path(`/`)', { middlewares: ['outer@file', 'a@file'] }) },
        middlewares: {
          'outer@file': chain('b', 'inner@file', 'b@file'),
          'inner@file': chain('a'),
          'a@file': PATH_A,
          'b@file': PATH_B,
        },
      }),
    );
    assert.deepEqual(middlewareNames(reader, routers[0]!.middlewares), ['b@file', 'a@file', 'b@file', 'a@file']);
    assert.deepEqual(reader.middleware(0), {
      index: 0,
      name: 'a@file',
      type: 'addPrefix',
      optionsJson: '{"prefix":"/a"}',
    });
  });

  it('that contain themselves, or what does not exist, refuse the chain and its routers alone', () => {
    const result = compile(
      compilationInput({
        routers: {
          'good@file': router('Path(`/`)', { middlewares: ['a@file'] }),
          'circle@file': router('Path(`/`)', { middlewares: ['c1@file'] }),
          'missing@file': router('Path(`/`)', { middlewares: ['c3@file'] }),
          'none@file': router('Path(`/`)', { middlewares: ['none@file'] }),
        },
        middlewares: {
          'a@file': PATH_A,
          'c1@file': chain('c2'),
          'c2@file': chain('a', 'c1'),
          'c3@file': chain('nothing'),
        },
      }),
    );
    assert.deepEqual(
      result.routers.map(({ name }) => name),
      ['good@file'],
    );
    const text = result.problems.join('\n');
    assert.match(text, /c2@file: the chain contains itself: c1@file -> c2@file -> c1@file/);
    assert.match(text, /c3@file: the middleware "nothing@file" does not exist/);
    for (const name of ['circle', 'missing', 'none']) assert.match(text, new RegExp(`http\\.routers\\.${name}@file`));
  });

  it('of chains that multiply are refused', () => {
    const middlewares: Record<string, { type: string; options: Record<string, unknown> }> = { 'c0@file': PATH_A };
    for (let i = 1; i <= 40; i++) middlewares[`c${i}@file`] = chain(`c${i - 1}`, `c${i - 1}`);
    const { problems } = compile(compilationInput({ middlewares }));
    assert.match(problems[0]!, /expands to more than 1000/);
  });

  it('of chains nested too deep are refused', () => {
    const middlewares: Record<string, { type: string; options: Record<string, unknown> }> = {};
    for (let i = 0; i < 5000; i++) middlewares[`c${i}@file`] = chain(`c${i + 1}`);
    middlewares['c5000@file'] = PATH_A;
    const { problems } = compile(compilationInput({ middlewares }));
    assert.match(problems.join('\n'), /nested deeper/);
  });
});

describe('services', () => {
  it('carry servers, transports and hashes', () => {
    const services = {
      'a@file': service(['http://10.0.0.1:8080', 'http://[::1]/x?y', 'http://Name.example'], { strategy: 'p2c' }),
      'b@file': service([], { serversTransport: 't', passHostHeader: false }),
    };
    const { reader } = compile(
      compilationInput({
        services,
        serversTransports: {
          't@file': {
            maxIdleConnsPerHost: -1,
            maxConnsPerServer: 5,
            maxQueuedPerServer: 6,
            disableHTTP2: true,
            forwardingTimeouts: {
              dialTimeout: 0.002,
              queueTimeout: 3,
              responseHeaderTimeout: 1,
              idleConnTimeout: 2,
              readIdleTimeout: 4,
              pingTimeout: 5,
            },
          },
        },
      }),
    );
    const a = reader.service(0);
    assert.deepEqual([a.name, a.strategy, a.passHostHeader, a.serversTransport], ['a@file', 'p2c', true, 0]);
    assert.deepEqual(a.servers[1], {
      url: 'http://[::1]/x?y',
      scheme: 'http',
      hostname: '::1',
      port: 80,
      authority: '[::1]',
      path: '/x?y',
      weight: 1,
      preservePath: false,
      statusRow: 1,
    });
    assert.deepEqual(
      [a.servers[0]!.authority, a.servers[0]!.port, a.servers[2]!.hostname],
      ['10.0.0.1:8080', 8080, 'Name.example'],
    );
    const b = reader.service(1);
    assert.deepEqual([b.servers, b.passHostHeader], [[], false]);
    const { hash, ...fields } = reader.serversTransport(b.serversTransport);
    assert.deepEqual(fields, {
      index: 1,
      name: 't@file',
      maxIdleConnsPerHost: -1,
      maxConnsPerServer: 5,
      maxQueuedPerServer: 6,
      queueTimeoutMs: 3,
      readIdleTimeoutMs: 4,
      pingTimeoutMs: 5,
      dialTimeoutMs: 0.002,
      responseHeaderTimeoutMs: 1,
      idleConnTimeoutMs: 2,
      disableHttp2: true,
    });
    assert.match(hash, /^[0-9a-f]{32}$/);
    const standard = reader.serversTransport(0);
    assert.deepEqual([standard.name, standard.disableHttp2], ['default@internal', false]);
  });

  it('have hashes that change with what they are, not with what else there is', () => {
    const hashOf = (services: Parameters<typeof compilationInput>[0]['services'], statusRow = (_key: string) => 7) => {
      const { reader } = compile(compilationInput({ services: services! }, { statusRow }));
      const index = Array.from({ length: reader.serviceCount }, (_, i) => i).find(
        (i) => reader.service(i).name === 'a@file',
      )!;
      return reader.service(index).hash;
    };
    const plain = service(['http://a']);
    const hash = hashOf({ 'a@file': plain });
    assert.equal(hashOf({ 'z@file': plain, 'a@file': plain }), hash);
    assert.notEqual(hashOf({ 'a@file': service(['http://b']) }), hash);
    assert.notEqual(hashOf({ 'a@file': service(['http://a'], { strategy: 'p2c' }) }), hash);
    assert.notEqual(
      hashOf({ 'a@file': plain }, () => 8),
      hash,
    );
  });

  it('with unknown transports or addresses refuse their routers alone', () => {
    const result = compile(
      compilationInput({
        routers: {
          'r@file': router('Path(`/`)', { service: 'bad@file' }),
          'q@file': router('Path(`/q`)', { service: 'url@file' }),
        },
        services: { 'bad@file': service([], { serversTransport: 'none' }), 'url@file': service(['ftp://a']) },
      }),
    );
    assert.deepEqual([result.routers.length, result.counts.services, result.problems.length], [0, 0, 4]);
    assert.match(result.problems[0]!, /"none@file" does not exist/);
  });
});

describe('a snapshot', () => {
  it('leaves out routers that cannot be used, with one sentence each', () => {
    const result = compile(
      compilationInput({
        routers: {
          'ok@file': router('Path(`/`)'),
          'syntax@file': router('Path(`/`) &&\n  Nothing(`x`)'),
          'service@file': router('Path(`/`)', { service: 'none@file' }),
        },
      }),
    );
    assert.deepEqual([result.counts.routers, result.counts.routersRefused, result.routers.length], [1, 2, 1]);
    assert.match(
      result.problems.join('\n'),
      /syntax@file: the rule cannot be used: unknown matcher "Nothing".*\(line 2, column 3 of the rule\)/,
    );
    assert.match(result.problems.join('\n'), /the service "none@file" does not exist/);
  });

  it('has a revision of up to 53 bits, and equal bytes for equal input', () => {
    const input = compilationInput({ routers: { 'a@file': router('Path(`/`)') } }, { revision: 2 ** 53 - 1 });
    const { bytes } = compileConfiguration(input);
    assert.equal(SnapshotReader.open(bytes).revision, 2 ** 53 - 1);
    assert.deepEqual(compileConfiguration(input).bytes, bytes);
  });

  it('can be empty', () => {
    const { reader, counts } = compile(
      compilationInput({ services: {} }, { entryPoints: {}, defaultServersTransport: transport }),
    );
    assert.deepEqual([reader.routerCount, counts.services], [0, 0]);
    assert.equal(new SnapshotMatcher(reader).match(0, requestView({ host: 'a' })), -1);
  });
});
