// Whatever the text or bytes: decodeDynamic returns, says where, and stays within its bounds.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { formatDiagnostic } from '@sluice/errors';
import fc from 'fast-check';
import { z } from 'zod';
import {
  type ConfigurationFormat,
  decodeDynamic,
  type MiddlewareTypes,
  type Protocol,
  stringMapSchema,
} from '../src/index.ts';

const middlewareTypes: MiddlewareTypes = new Map([
  ['headers', { type: 'headers', schema: z.object({ customRequestHeaders: stringMapSchema().optional() }) }],
]);
const format = fc.constantFrom<ConfigurationFormat>('yaml', 'toml', 'json');

function checkOutcome(text: string | Uint8Array, documentFormat: ConfigurationFormat): void {
  const source = { text, format: documentFormat, file: 'f', middlewareTypes };
  const decoded = decodeDynamic(source);
  const { tls, diagnostics, refused } = decoded;
  for (const diagnostic of diagnostics)
    assert.match(formatDiagnostic(diagnostic), /^f(:\d+(:\d+)?)?: (error|warning): ./);
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  assert.equal(refused.length > 0, errors.length > 0);
  for (const path of refused) {
    const [root, kind, ...name] = path.split('.');
    if (root === 'tls' && kind !== undefined && !kind.startsWith('certificates') && name.length > 0) {
      assert.ok(!Object.hasOwn(tls[kind as 'options' | 'stores'], name.join('.')), path);
    } else if (root !== 'tls' && name.length > 0) {
      const kinds = decoded[root as Protocol] as unknown as Record<string, object>;
      assert.ok(!Object.hasOwn(kinds[kind!]!, name.join('.')), path);
    }
  }
}

test('arbitrary text and bytes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array({ maxLength: 200 })), format, checkOutcome),
  );
});

test('text made of the pieces of configurations', () => {
  const piece = fc.constantFrom(
    'http:',
    ' routers:',
    '  a:',
    '   rule: x',
    '   service: s',
    '\n',
    ' ',
    '- ',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    "'",
    '&a ',
    '*a',
    '<<: *a',
    '[http.routers.a]',
    'rule = "x"',
    '# c',
    '---',
    '__proto__: ',
    'constructor: ',
    '|',
    '>',
    '!!binary ',
    '!!set',
    '\t',
    '%YAML 1.1',
    '? ',
    ': ',
    '0x',
    '.inf',
    '~',
    '1e999',
    '"""',
    "'''",
    'tls: {}',
    'tcp:',
    'udp:',
    '   rule: HostSNI(`*`)',
    'loadBalancer: ',
    'weighted: ',
    'tls:',
    ' certificates:',
    ' options:',
    '  certFile: c',
    '  keyFile: k',
    ' default:',
    'priority: 99999999999999999999',
    '@',
    '\u0000',
  );
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
  fc.assert(fc.property(text, format, checkOutcome), { numRuns: 2_000 });
});

test('configurations with something changed', () => {
  const folder = new URL('golden/', import.meta.url);
  const files = readdirSync(folder).filter((name) => /^dynamic-.*\.(yaml|toml)$/.test(name));
  const texts = files.map((name) => ({
    text: readFileSync(new URL(name, folder), 'utf8'),
    toml: name.endsWith('.toml'),
  }));
  const change = fc.tuple(fc.constantFrom(...texts), fc.nat(), fc.nat({ max: 12 }), fc.string({ maxLength: 4 }));
  fc.assert(
    fc.property(change, ([{ text, toml }, at, removed, inserted]) => {
      const start = at % text.length;
      checkOutcome(text.slice(0, start) + inserted + text.slice(start + removed), toml ? 'toml' : 'yaml');
    }),
    { numRuns: 1_000 },
  );
});

test('values of every shape in every place', () => {
  const value = fc.json({ maxDepth: 3 });
  const key = fc.constantFrom(
    'rule',
    'service',
    'priority',
    'entryPoints',
    'middlewares',
    'loadBalancer',
    'headers',
    'tls',
  );
  const kind = fc.constantFrom('routers', 'services', 'middlewares', 'serversTransports');
  fc.assert(
    fc.property(kind, key, value, (kindName, keyName, json) => {
      checkOutcome(`{"http": {"${kindName}": {"x": {"${keyName}": ${json}}, "y": ${json}}}}`, 'json');
      checkOutcome(
        `{"tls": {"certificates": ${json}, "options": {"x": ${json}, "y": {"cipherSuites": ${json}}}}}`,
        'json',
      );
      checkOutcome(`{"tls": {"stores": ${json}, "options": {"x": {"clientAuth": ${json}}}}}`, 'json');
      checkOutcome(
        `{"http": {"services": {"x": {"loadBalancer": {"servers": ${json}, "healthCheck": ${json}}}}}}`,
        'json',
      );
    }),
    { numRuns: 500 },
  );
});
