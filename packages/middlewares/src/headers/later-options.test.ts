import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeDynamic } from '@sluice/config';
import { headers, middlewareTypes } from '../registry.ts';
import { problemsOf } from '../testing/index.ts';
import { laterOptions } from './later-options.ts';

const CUSTOM = { customRequestHeaders: { A: '1' } };

function diagnosticsOf(options: string) {
  const text = `http:\n  middlewares:\n    h:\n      headers:\n        customRequestHeaders: {A: "1"}\n        ${options}\n  routers:\n    r:\n      rule: PathPrefix(\`/\`)\n      service: s\n      parentRefs: [x]\n`;
  return decodeDynamic({ text, format: 'yaml', file: 'f.yml', middlewareTypes, unknownKeys: 'error' }).diagnostics;
}

test('every later option is refused by name when it is on', () => {
  for (const key of Object.keys(laterOptions)) {
    const on = key.startsWith('accessControlAllow') && key !== 'accessControlAllowCredentials' ? ['x'] : true;
    assert.match(problemsOf(headers, { ...CUSTOM, [key]: on }), new RegExp(`^${key}: is known, but not supported`));
  }
  assert.match(problemsOf(headers, { stsSeconds: 1 }), /^stsSeconds: is known/);
  assert.match(problemsOf(headers, { ...CUSTOM, accessControlMaxAge: 0 }), /^accessControlMaxAge: is known/);
});

test('a later option that is off changes nothing', () => {
  for (const off of [false, 'false', 0, '0', '', [], {}, null]) {
    assert.equal(problemsOf(headers, { ...CUSTOM, stsSeconds: off, frameDeny: off }), '', JSON.stringify(off));
  }
});

test('the sentence is the one of every other unsupported key, with its place in the file', () => {
  const diagnostics = diagnosticsOf('STSSeconds: 15');
  const ours = diagnostics.find(({ object }) => object === 'http.middlewares.h')!;
  const other = diagnostics.find(({ object }) => object === 'http.routers.r')!;
  assert.equal(ours.code, 'CONFIG_UNSUPPORTED');
  assert.equal(ours.severity, 'error');
  assert.equal(ours.line, 6);
  assert.equal(ours.code, other.code);
  assert.equal(ours.message.replace('"headers.stsSeconds"', 'KEY'), other.message.replace('"parentRefs"', 'KEY'));
});

test('a deprecated option raises nothing, a mistyped one does', () => {
  const about = (options: string) => diagnosticsOf(options).filter(({ object }) => object === 'http.middlewares.h');
  assert.deepEqual(about('sslRedirect: true'), []);
  assert.equal(about('customResponseHeader: {A: b}')[0]?.code, 'CONFIG_UNKNOWN_KEY');
});
