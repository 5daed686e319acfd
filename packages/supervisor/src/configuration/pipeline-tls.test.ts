// Certificates on their way through the pipeline: real files, real watches, real sealed memory. Only the compiler is none.

import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { DEFAULT_CERTIFICATE_FILE, type KeyPair, keptDefaultCertificate } from '@sluice/certificates';
import { decodeDynamic, decodeStaticText } from '@sluice/config';
import type { AnyTarget, HealthTarget } from '@sluice/health';
import { createSharedMemory, mapReadOnly } from '@sluice/native';
import type { CompileRequest, TlsMaterial } from '@sluice/routing';
import { ControlBlock, ServerStatus } from '@sluice/shared-state';
import pino from 'pino';
import { eventually } from '../../test/support/eventually.ts';
import { NodeTls } from '../tls/node-tls.ts';
import type { SealedTls } from '../workers/worker-process.ts';
import { ConfigurationPipeline } from './configuration-pipeline.ts';
import { Publisher } from './publisher.ts';
import { StatusRows } from './status-rows.ts';

const { configuration } = decodeStaticText('entryPoints: { web: { address: ":443" } }', 'yaml', 'static.yaml');

function contentOf({ descriptor }: SealedTls): TlsMaterial {
  const memory = mapReadOnly(descriptor);
  const content = JSON.parse(memory.utf8(0, memory.byteLength));
  memory.unmap();
  return content;
}

class Site {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-pipeline-tls-'));
  /** What workers would get, in order: number of the material, and the revision that it comes with, or `alone`. */
  readonly published: string[] = [];
  readonly requests: CompileRequest[] = [];
  lines = '';
  health: readonly AnyTarget[] = [];
  /** Certificates that OCSP responses are wanted for. */
  stapledFor: readonly string[] = [];
  readonly staples = new Map<string, Buffer>();
  staplesChanged: () => void = () => {};
  readonly tls: NodeTls;
  readonly pipeline: ConfigurationPipeline;

  constructor(context: TestContext) {
    const rows = new StatusRows(new ServerStatus(new ArrayBuffer(ServerStatus.byteLength(8, 1)), 1));
    const write = (line: string) => {
      this.lines += line;
    };
    const log = pino({ level: 'trace' }, { write });
    const publisher = new Publisher({
      control: ControlBlock.create(new ArrayBuffer(ControlBlock.byteLength(1)), 1),
      rows,
      oldestRevision: () => Number.POSITIVE_INFINITY,
      onPublished: ({ revision }) => this.published.push(`${this.tls.publisher.current!.number} with ${revision}`),
    });
    this.tls = new NodeTls({
      configuration,
      runtimeDirectory: join(this.folder, 'instance'),
      env: {},
      log,
      onFilesChanged: () => this.pipeline.refresh(),
      onPublished: ({ number }) => this.published.push(`${number} alone`),
      createStapler: (onChange) => {
        this.staplesChanged = onChange;
        const apply = (pairs: readonly KeyPair[]) => {
          this.stapledFor = pairs.map(({ id }) => id);
        };
        return { apply, staples: this.staples, close: () => {} };
      },
    });
    const counts = { routers: 1, routersRefused: 0, services: 1, middlewares: 0, bytes: 8 };
    this.pipeline = new ConfigurationPipeline({
      configuration,
      rows,
      publisher,
      tls: this.tls,
      compile: async (request) => {
        this.requests.push(request);
        return { memory: createSharedMemory('test', 8), diagnostics: [], counts };
      },
      applyHealthTargets: (targets) => {
        this.health = targets;
      },
      log,
    });
    context.after(() => {
      this.pipeline.close();
      this.tls.close();
      publisher.close();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** A certificate with its key in one file. @returns its id */
  async make(name: string): Promise<string> {
    const folder = this.path(`made-${name}`);
    const { pair } = await keptDefaultCertificate(folder, Date.now());
    copyFileSync(join(folder, DEFAULT_CERTIFICATE_FILE), this.path(name));
    return pair.id;
  }

  async offer(text: string, provider = 'file'): Promise<void> {
    const file = `${provider}.yaml`;
    const decoded = decodeDynamic({ text, format: 'yaml', file, middlewareTypes: new Map(), positions: true });
    assert.deepEqual(decoded.diagnostics, []);
    const positionOf = (path: string) => {
      const position = decoded.positions?.get(path);
      return position === undefined ? undefined : { file, ...position };
    };
    this.pipeline.offer(provider, { ...decoded, positionOf });
    await this.pipeline.settled();
  }

  get material(): TlsMaterial {
    return contentOf(this.tls.publisher.current!);
  }

  get names(): string[] {
    return this.material.tables.optionSets.map(({ name }) => name);
  }

  errors(pattern: RegExp): number {
    return this.lines.split('\n').filter((line) => pattern.test(line) && JSON.parse(line).level >= 40).length;
  }
}

const http = (options: string) => `
http:
  routers: { r: { rule: Host(\`a.example\`), service: s, tls: { options: ${options} } } }
  services: { s: { loadBalancer: { servers: [{ url: "http://127.0.0.1:1" }] } } }
`;

test('a certificate changes: only material is published; what does not fit is said once and not used', async (context) => {
  const site = new Site(context);
  const ids = [await site.make('a.pem'), await site.make('b.pem')];
  const path = site.path('a.pem');
  await site.offer(`${http('""')}\ntls: { certificates: [{ certFile: ${path}, keyFile: ${path} }] }`);
  assert.deepEqual(site.published, ['1 with 1']);
  assert.deepEqual(Object.keys(site.material.keyPairs).includes(ids[0]!), true);
  const first = site.material;
  writeFileSync(path, 'rubbish');
  await eventually('it is said', () => site.errors(/cannot be used/) === 1);
  await site.pipeline.settled();
  assert.deepEqual([site.published, site.material], [['1 with 1'], first]);
  copyFileSync(site.path('b.pem'), path);
  await eventually('the new one is there', () => site.published.length === 2);
  assert.deepEqual(site.published, ['1 with 1', '2 alone']);
  assert.deepEqual(Object.keys(site.material.keyPairs).includes(ids[1]!), true);
  assert.equal(site.material.keyPairs[ids[0]!], undefined);
  await eventually('it is over', () => /problems of the configuration are gone/.test(site.lines));
  assert.equal(site.errors(/cannot be used/), 1);
  assert.equal(site.requests.length, 1);
  assert.ok(!/PRIVATE KEY|MII[A-Za-z0-9+/]{40}/.test(site.lines), 'no key in the log');
});

test('options: a router that names one that is missing is closed, until files or providers bring it', async (context) => {
  const site = new Site(context);
  await site.make('ca.pem');
  const authorities = site.path('later.pem');
  await site.offer(`${http('strict')}\ntls: { options: { strict: { clientAuth: { caFiles: [${authorities}] } } } }`);
  assert.deepEqual([...site.requests[0]!.tls!.unusable.routers], ['r@file']);
  assert.deepEqual([site.names, Object.keys(site.requests[0]!.http.routers)], [['default'], ['r@file']]);
  assert.equal(site.errors(/file\.yaml:\d+:\d+: error: .*clientAuth\.caFiles\[0\]/), 1, site.lines);
  copyFileSync(site.path('ca.pem'), authorities);
  await eventually('it is compiled anew', () => site.published.length === 2);
  assert.deepEqual(site.published, ['1 with 1', '2 with 2']);
  assert.deepEqual([...site.requests[1]!.tls!.unusable.routers], []);
  assert.deepEqual(site.names, ['default', 'strict@file']);
  // Edited to name a file that is not there: the set, and the router, go on as they were.
  await site.offer(`${http('strict')}\ntls: { options: { strict: { clientAuth: { caFiles: [/no/such.pem] } } } }`);
  assert.deepEqual([site.published.length, site.names], [2, ['default', 'strict@file']]);
  assert.equal(site.errors(/no\/such\.pem.*previous version stays in use/), 1);
});

test('a router that turns to options which do not exist goes on with its last good version', async (context) => {
  const site = new Site(context);
  await site.offer(`${http('own')}\ntls: { options: { own: {} } }`);
  await site.offer(`${http('none')}\ntls: { options: { own: { sniStrict: true } } }`);
  assert.equal(site.requests.length, 1, 'what is routed is as before');
  assert.deepEqual(site.published, ['1 with 1', '2 alone']);
  assert.equal(site.material.tables.optionSets[1]!.sniStrict, true);
  assert.equal(site.errors(/none@file.* does not exist.*previous version stays/), 1);
  // Now its own set is gone as well: then its host is closed.
  await site.offer(http('none'));
  assert.deepEqual([...site.requests.at(-1)!.tls!.unusable.routers], ['r@file']);
  assert.deepEqual(site.names, ['default']);
});

test('several providers: the order of precedence decides about `default`, as it does about routers', async (context) => {
  const site = new Site(context);
  const tls = (sniStrict: boolean) => `tls: { options: { default: { sniStrict: ${sniStrict} }, own: {} } }`;
  const { precedence } = configuration.providers;
  assert.ok(precedence.indexOf('docker') !== -1 && precedence.indexOf('file') !== -1);
  const isFileFirst = precedence.indexOf('file') < precedence.indexOf('docker');
  await site.offer(tls(true), 'file');
  await site.offer(tls(false), 'docker');
  assert.equal(site.material.tables.optionSets[0]!.sniStrict, isFileFirst);
  assert.deepEqual(site.names.toSorted(), ['default', 'own@docker', 'own@file']);
  assert.equal(site.errors(/set of TLS options \\"default\\" of the provider \w+ is not used/), 1);
});

test('servers: what transports name goes to workers and health checks, also when only a file changes', async (context) => {
  const site = new Site(context);
  await site.make('a.pem');
  await site.make('b.pem');
  const ca = site.path('ca.pem');
  copyFileSync(site.path('a.pem'), ca);
  await site.offer(`
http:
  routers: { r: { rule: Path(\`/\`), service: s } }
  services:
    s: { loadBalancer: { serversTransport: t, healthCheck: {}, servers: [{ url: "https://127.0.0.1:1" }] } }
    plain: { loadBalancer: { healthCheck: {}, servers: [{ url: "http://127.0.0.1:1" }] } }
  serversTransports: { t: { rootCAs: [${ca}], disableHTTP2: true } }
`);
  const trusted = () => site.material.transports['t@file']!.authorities;
  const before = trusted();
  assert.deepEqual(Object.keys(site.material.transports).sort(), ['default@internal', 't@file']);
  assert.equal(site.material.systemAuthorities, '');
  const [checked, plain] = ['s@file', 'plain@file'].map((name) => webTarget(site, name));
  assert.deepEqual(checked!.tls, {
    transport: site.material.transports['t@file'],
    systemAuthorities: '',
    disableHttp2: true,
  });
  assert.equal(plain!.tls, undefined);
  copyFileSync(site.path('b.pem'), ca);
  await eventually('the new one is there', () => site.published.length === 2);
  await site.pipeline.settled();
  assert.deepEqual(site.published, ['1 with 1', '2 alone']);
  assert.notEqual(trusted(), before);
  assert.equal(webTarget(site, 's@file')!.tls!.transport!.authorities, trusted());
});

function webTarget({ health }: { readonly health: readonly AnyTarget[] }, name: string): HealthTarget | undefined {
  return health.find(({ service }) => service === name) as HealthTarget | undefined;
}

test('staples: wanted for what is served, and published alone when they come', async (context) => {
  const site = new Site(context);
  const ids = [await site.make('a.pem'), await site.make('b.pem')];
  const path = site.path('a.pem');
  await site.offer(`tls: { certificates: [{ certFile: ${path}, keyFile: ${path} }] }`);
  assert.deepEqual(site.stapledFor, [ids[0]]);
  site.staples.set(ids[0]!, Buffer.from('staple'));
  site.staplesChanged();
  assert.deepEqual([site.published, site.material.staples], [['1 with 1', '2 alone'], { [ids[0]!]: 'c3RhcGxl' }]);
  copyFileSync(site.path('b.pem'), path);
  await eventually('the new one is there', () => site.published.length === 3);
  await site.pipeline.settled();
  assert.deepEqual([site.stapledFor, site.material.staples], [[ids[1]], {}]);
  site.staples.clear();
  site.staplesChanged();
  // The first one comes back, and its response is still known: nobody says that it changed.
  site.staples.set(ids[0]!, Buffer.from('staple'));
  copyFileSync(join(site.path('made-a.pem'), DEFAULT_CERTIFICATE_FILE), path);
  await eventually('the first one is back', () => site.stapledFor[0] === ids[0]);
  await site.pipeline.settled();
  assert.deepEqual(site.material.staples, { [ids[0]!]: 'c3RhcGxl' });
});

test('a node that says nothing of TLS has no certificate, and one that does has the generated one', async (context) => {
  const site = new Site(context);
  await site.offer('http: {}');
  assert.equal(site.material.tables.defaultCertificate, -1);
  await site.offer(http('""'));
  const { tables, keyPairs } = site.material;
  assert.equal(tables.defaultCertificate, 0);
  const id = tables.certificates[0]!.id;
  assert.match(keyPairs[id]!.key, /PRIVATE KEY/);
  // In the folder of all instances, where the next start finds it.
  assert.equal((await keptDefaultCertificate(site.path('tls'), Date.now())).pair.id, id);
});
