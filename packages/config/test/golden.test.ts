// Decodes the files in golden/ and compares with the outcome stored beside them (`<file>.expected.json`).
// `UPDATE_GOLDEN=1 node --test …` writes the outcomes anew; read the difference before keeping it.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ConfigurationError, formatDiagnostic } from '@sluice/errors';
import { z } from 'zod';
import { decodeDynamic, decodeStaticText, formatOfFile, type MiddlewareTypes } from '../src/index.ts';

const folder = new URL('golden/', import.meta.url);

const middlewareTypes: MiddlewareTypes = new Map(
  Object.entries({
    stripPrefix: z.object({ prefixes: z.array(z.string()).min(1) }),
    headers: z.object({ customRequestHeaders: z.record(z.string(), z.string()).default({}) }),
  }).map(([type, schema]) => [type, { type, schema }]),
);

function outcome(name: string): unknown {
  const text = readFileSync(new URL(name, folder));
  const format = formatOfFile(name)!;
  if (!name.startsWith('static-')) {
    const { http, tcp, udp, tls, diagnostics, refused } = decodeDynamic({ text, format, file: name, middlewareTypes });
    const streams = name.includes('streams') ? { tcp, udp } : {};
    return { http, ...streams, tls, diagnostics: diagnostics.map(formatDiagnostic), refused };
  }
  try {
    const { configuration, diagnostics } = decodeStaticText(text, format, name);
    return { configuration, diagnostics: diagnostics.map(formatDiagnostic) };
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return { diagnostics: error.diagnostics.map(formatDiagnostic) };
  }
}

for (const name of readdirSync(folder).filter((each) => formatOfFile(each) !== undefined && !each.endsWith('.json'))) {
  test(name, () => {
    const text = JSON.stringify(outcome(name), (_, value) => (typeof value === 'bigint' ? `${value}n` : value), 2);
    const expected = new URL(`${name}.expected.json`, folder);
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(expected, `${text}\n`);
    assert.deepEqual(JSON.parse(text), JSON.parse(readFileSync(expected, 'utf8')));
  });
}
