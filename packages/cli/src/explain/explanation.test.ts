import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDynamic, decodeStaticText, qualifyNames } from '@sluice/config';
import type { Project } from '../project/load-project.ts';
import { explain } from './explanation.ts';
import { renderExplanation } from './render-explanation.ts';

test('a connection without usable TLS options is closed; what others are for is served', () => {
  const text = `http:
  routers:
    bad: {rule: Host(\`a.example\`), service: s, tls: {options: gone}}
    good: {rule: Host(\`b.example\`), service: s, tls: {}}
  services: {s: {loadBalancer: {servers: [{url: "http://10.0.0.1"}]}}}`;
  const decoded = decodeDynamic({ text, format: 'yaml', file: 'f', middlewareTypes: new Map() });
  const loaded = decodeStaticText('entryPoints: {web: {address: ":443"}}', 'yaml', 's');
  const project: Project = {
    static: loaded,
    files: [],
    http: qualifyNames('file', decoded.http),
    unusableTls: { routers: new Set(['bad@file']), entryPoints: new Set() },
    diagnostics: [],
    positions: new Map(),
  };
  const [name, configuration] = Object.entries(loaded.configuration.entryPoints)[0]!;
  const ask = (serverName: string) => {
    const target = { method: 'GET', authority: serverName, port: 443, path: '/', query: undefined };
    const from = { secure: true, serverName, headers: [], clientIp: '127.0.0.1' };
    return explain(project, { name, configuration, reason: 'asked for' }, { ...target, ...from });
  };
  const closed = ask('a.example');
  assert.deepEqual([closed.tls, closed.candidates], [{ serverName: 'a.example', options: null }, []]);
  assert.match(
    renderExplanation(closed),
    /server name a.example: no options[\s\S]*the connection is closed: all routers/,
  );
  const served = ask('b.example');
  assert.deepEqual([served.tls?.options, served.answer, served.service?.name], ['default', undefined, 's@file']);
});
