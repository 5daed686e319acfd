import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDynamic, decodeStaticText, qualifyRouted } from '@sluice/config';
import { UsageError } from '../command-line/parse-options.ts';
import type { Project } from '../project/load-project.ts';
import { explain } from './explanation.ts';
import { renderExplanation } from './render-explanation.ts';
import { renderStream } from './render-stream.ts';
import { requestedExchange } from './requested.ts';
import { requestedStream } from './requested-stream.ts';
import { explainStream } from './stream-explanation.ts';

const STATIC = 'entryPoints: { db: { address: ":5432" }, raw: { address: ":25" }, dns: { address: ":53/udp" } }';
const DYNAMIC = `
http:
  routers: { app: { rule: Host(\`app.example\`), service: h, entryPoints: [db], tls: {} } }
  services: { h: { loadBalancer: {} } }
tcp:
  routers:
    pg: { rule: HostSNI(\`db.example\`), service: w, entryPoints: [db], middlewares: [lan], tls: { options: strict } }
    closed: { rule: HostSNI(\`closed.example\`), service: w, entryPoints: [db], tls: { options: gone } }
    rest: { rule: "HostSNI(\`*\`)", service: leaf, entryPoints: [db], tls: { passthrough: true } }
    mail: { rule: ClientIP(\`10.0.0.0/8\`), service: leaf, entryPoints: [raw] }
  services:
    w: { weighted: { services: [{ name: leaf, weight: 3 }, { name: empty }] } }
    leaf: { loadBalancer: { servers: [{ address: "10.0.0.1:1", weight: 2 }, { address: "10.0.0.2:1", tls: true }] } }
    empty: { loadBalancer: {} }
  middlewares: { lan: { ipAllowList: { sourceRange: 10.0.0.0/8 } } }
udp:
  routers: { dns: { rule: ClientIP(\`10.0.0.0/8\`), service: dns } }
  services: { dns: { loadBalancer: { servers: [{ address: "10.0.0.1:53" }] } } }`;

function ask(address: string, values: Readonly<Record<string, string>> = {}, name = 'db', switches: string[] = []) {
  const decoded = decodeDynamic({ text: DYNAMIC, format: 'yaml', file: 'f', middlewareTypes: new Map() });
  assert.deepEqual(decoded.diagnostics, []);
  const loaded = decodeStaticText(STATIC, 'yaml', 's');
  const project: Project = {
    static: loaded,
    files: [],
    ...qualifyRouted('file', decoded),
    unusableTls: { routers: new Set(), tcpRouters: new Set(['closed@file']), entryPoints: new Set() },
    diagnostics: [],
    positions: new Map(),
  };
  const options = new Map(Object.entries(values).map(([key, value]) => [key, [value]]));
  const requested = requestedStream({ words: [address], values: options, switches: new Set(switches) });
  const entryPoint = { name, configuration: loaded.configuration.entryPoints[name]!, reason: 'asked for' };
  return explainStream(project, entryPoint, requested);
}

test('a connection over TLS goes where its server name leads', () => {
  const explanation = ask('tcp://h:5432', { sni: 'DB.example.' });
  assert.deepEqual(explanation.tls, { mode: 'terminate', options: 'strict@file' });
  assert.deepEqual(explanation.middlewares, [{ name: 'lan@file', type: 'ipAllowList' }]);
  const { service } = explanation;
  assert.deepEqual(
    [service?.kind, service?.children.map(({ name, weight }) => [name, weight])],
    [
      'weighted',
      [
        ['leaf@file', 3],
        ['empty@file', 1],
      ],
    ],
  );
  const text = renderStream(explanation);
  assert.match(text, /TLS {10}server name db\.example\n/);
  assert.match(text, /takes the connection[\s\S]*ends here, with the options strict@file[\s\S]*1\. lan@file/);
  assert.match(
    text,
    /service {6}w@file: weighted\n {2}leaf@file \(weight 3\): wrr, transport default@internal\n {4}10/,
  );
  assert.match(
    text,
    /10\.0\.0\.2:1 \(weight 1, TLS\)\n {2}empty@file \(weight 1\): .*\n {4}no servers\n\noutcome {6}goes to/,
  );
});

test('HTTPS takes the hosts it names, a router for any name the rest, nobody what is plain', () => {
  const https = ask('tcp://h:5432', { sni: 'app.example' });
  assert.deepEqual([https.handedTo, https.candidates.some(({ chosen }) => chosen)], ['HTTPS', false]);
  assert.match(renderStream(https), /goes on as HTTPS; "sluice explain https:\/\/app\.example:5432\/ --entryPoint db"/);
  const rest = ask('tcp://h:5432', { alpn: 'h2' });
  assert.deepEqual([rest.tls?.mode, rest.service?.name], ['passthrough', 'leaf@file']);
  assert.match(renderStream(rest), /no server name, offers h2/);
  const plain = ask('tcp://h:5432');
  assert.deepEqual([plain.handedTo, plain.candidates], ['HTTP', []]);
});

test('where nothing takes TLS, connections are matched at once', () => {
  const explanation = ask('tcp://h:25', { sni: 'x', 'client-ip': '10.1.1.1' }, 'raw');
  assert.deepEqual([explanation.matchedAtOnce, explanation.tls?.mode], [true, 'none']);
  assert.match(renderStream(explanation), /matched {6}at once: .* is not seen/);
  const other = ask('tcp://h:25', { sni: 'x' }, 'raw');
  assert.deepEqual([other.matchedAtOnce, other.handedTo], [false, 'HTTPS']);
});

test('a request that a router of TCP keeps from being read', () => {
  const decoded = decodeDynamic({ text: DYNAMIC, format: 'yaml', file: 'f', middlewareTypes: new Map() });
  const loaded = decodeStaticText(STATIC, 'yaml', 's');
  const routed = qualifyRouted('file', decoded);
  const project: Project = { static: loaded, files: [], ...routed, diagnostics: [], positions: new Map() };
  const asked = (url: string, name: string, clientIp = '127.0.0.1') => {
    const values = new Map([['client-ip', [clientIp]]]);
    const requested = requestedExchange({ words: [url], values, switches: new Set() });
    const configuration = loaded.configuration.entryPoints[name]!;
    return explain(project, { name, configuration, reason: 'asked for' }, requested);
  };
  assert.equal(asked('https://db.example:5432/', 'db').takenBy, 'pg@file');
  assert.equal(asked('https://other:5432/', 'db').takenBy, 'rest@file');
  assert.equal(asked('https://app.example:5432/', 'db').takenBy, undefined);
  assert.equal(asked('http://a:25/', 'raw').takenBy, undefined);
  const plain = asked('http://a:25/', 'raw', '10.1.1.1');
  assert.equal(plain.takenBy, 'mail@file');
  assert.match(
    renderExplanation(plain),
    /taken by mail@file[\s\S]*no request is read; "sluice explain tcp:\/\/a:25" says/,
  );
});

test('what is closed says why', () => {
  const closed = ask('tcp://h:5432', { sni: 'closed.example' });
  assert.match(renderStream(closed), /the connection is closed: the TLS options of the router cannot be used/);
  const dropped = ask('udp://h:53', {}, 'dns');
  assert.match(renderStream(dropped), /✗ dns@file[\s\S]*nothing is forwarded: no router takes it/);
  const served = ask('udp://h:53', { 'client-ip': '10.1.1.1' }, 'dns');
  assert.match(renderStream(served), /takes the flow[\s\S]*service {6}dns@file: wrr\n {2}10\.0\.0\.1:53 \(weight 1\)/);
});

test('what cannot be asked is refused', () => {
  for (const address of ['tcp://h', 'tcp://h:0', 'udp://h:70000', 'tcp://a b:1', 'tcp://h:1/path']) {
    assert.throws(() => ask(address), UsageError, address);
  }
  assert.throws(() => ask('tcp://h:1', { 'client-ip': 'me' }), /--client-ip/);
  assert.throws(() => ask('tcp://h:1', { H: 'a: b' }), /-H is for requests/);
});

test('after a request for TLS in PostgreSQL’s protocol only routers of TCP are asked', () => {
  const pg = (sni: string) => ask('tcp://h:5432', { sni }, 'db', ['postgres']);
  assert.equal(ask('tcp://h:5432', { sni: 'app.example' }).handedTo, 'HTTPS');
  assert.deepEqual(
    [pg('app.example').tls?.mode, pg('app.example').handedTo, pg('db.example').tls?.mode],
    ['passthrough', undefined, 'terminate'],
  );
  assert.match(renderStream(pg('db.example')), /server name db\.example, after a request for TLS/);
  const plain = ask('tcp://h:25', { 'client-ip': '10.0.0.1' }, 'raw', ['postgres']);
  assert.deepEqual([plain.tls?.mode, plain.service?.name], ['none', 'leaf@file']);
  assert.throws(() => ask('udp://h:53', {}, 'dns', ['postgres']), UsageError);
});
