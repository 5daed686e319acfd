import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { MIDDLEWARE_TYPES, middlewareTypeOf, middlewareTypes } from './registry.ts';

/** Smallest options that each type accepts. */
const OPTIONS: Readonly<Record<string, object>> = {
  addPrefix: { prefix: '/a' },
  chain: { middlewares: ['a'] },
  grpcWeb: { allowOrigins: '*' },
  headers: { customRequestHeaders: { A: 'b' }, sslRedirect: true, stsSeconds: 0 },
  passTLSClientCert: { pem: true, info: { sans: true, subject: { commonName: true } } },
  redirectRegex: { regex: 'a', replacement: 'b' },
  redirectScheme: { scheme: 'HTTPS' },
  replacePath: { path: 'x' },
  stripPrefix: { prefixes: ' /a , /b' },
};

test('keys are unique and found in any case', () => {
  assert.equal(middlewareTypes.size, MIDDLEWARE_TYPES.length);
  for (const type of MIDDLEWARE_TYPES) {
    assert.equal(middlewareTypes.get(type.type), type);
    assert.equal(middlewareTypeOf(type.type.toUpperCase()), type);
  }
  assert.equal(middlewareTypeOf('nothing'), undefined);
});

test('decoded options are plain JSON and decode to themselves, as a worker does with a snapshot', () => {
  for (const type of MIDDLEWARE_TYPES) {
    const decoded = type.schema.parse(OPTIONS[type.type]);
    const json = JSON.parse(JSON.stringify(decoded));
    assert.deepEqual(json, decoded, type.type);
    assert.deepEqual(type.schema.parse(json), decoded, type.type);
    if (type.type !== 'chain') assert.equal(typeof type.create(decoded, 'x@file'), 'object');
  }
});

test('every option is described', () => {
  for (const type of MIDDLEWARE_TYPES) {
    const { properties = {} } = z.toJSONSchema(type.schema, { io: 'input', unrepresentable: 'any' });
    assert.ok(Object.keys(properties).length > 0, type.type);
    for (const [key, property] of Object.entries(properties)) {
      const { description } = property as { description?: string };
      assert.ok(description, `${type.type}.${key} has no description`);
    }
  }
});
