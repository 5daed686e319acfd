import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyKind } from '@sluice/protocols';
import fc from 'fast-check';
import type { KeyPair } from '../load/parse-key-pair.ts';
import { SecretText } from '../load/secret-text.ts';
import { buildNameTables } from './name-tables.ts';

const NOW = 1_000;

function pair(names: readonly string[], more: Partial<KeyPair> = {}): KeyPair {
  return {
    id: names.join(),
    chainPem: '',
    keyPem: new SecretText(''),
    keyKind: KeyKind.RSA,
    names,
    nameKey: names.toSorted().join(','),
    commonName: '',
    dnsNames: [],
    serialNumber: '1',
    notBefore: 0,
    notAfter: 2_000,
    ocspUrls: [],
    ...more,
  };
}

test('whole names and wildcards are apart', () => {
  const { exact, wildcard } = buildNameTables([pair(['a.example', '*.a.example', '*', '192.0.2.1'])], NOW);
  assert.deepEqual(
    [exact, wildcard],
    [
      { 'a.example': [0], '192.0.2.1': [0] },
      { '*.a.example': [0], '*': [0] },
    ],
  );
});

test('one certificate of each kind of key, ECDSA first', () => {
  const pairs = [
    pair(['a']),
    pair(['a'], { keyKind: KeyKind.P384 }),
    pair(['a'], { keyKind: KeyKind.P256 }),
    pair(['a', 'b']),
  ];
  // Of the two with RSA the reference takes the one whose names come later in order.
  assert.deepEqual(buildNameTables(pairs, NOW).exact, { a: [2, 1, 3], b: [3] });
});

test('the same names and kind twice: the first one declared', () => {
  assert.deepEqual(buildNameTables([pair(['a']), pair(['a'])], NOW).exact, { a: [0] });
});

test('one that has expired, or is not valid yet, only when there is no other', () => {
  const expired = pair(['a'], { notAfter: 999 });
  const early = pair(['a'], { notBefore: 1_001, keyKind: KeyKind.P256 });
  assert.deepEqual(buildNameTables([expired, pair(['a'])], NOW).exact, { a: [1] });
  assert.deepEqual(buildNameTables([expired, pair(['a']), early], NOW).exact, { a: [1, 2] });
  assert.deepEqual(buildNameTables([expired], NOW).exact, { a: [0] });
});

test('every name of every certificate is found, and never with another kind twice', () => {
  const name = fc.constantFrom('a', 'b', '*.c', 'x.c', '*', '__proto__', 'constructor');
  const arbitrary = fc.array(
    fc.tuple(fc.uniqueArray(name, { minLength: 1 }), fc.constantFrom(1, 2, 4, 16), fc.integer({ min: 0, max: 2_000 })),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(arbitrary, (specs) => {
      const pairs = specs.map(([names, keyKind, notAfter]) => pair(names, { keyKind, notAfter }));
      const { exact, wildcard } = buildNameTables(pairs, NOW);
      for (const [index, { names, keyKind }] of pairs.entries()) {
        for (const each of names) {
          const list = (each.startsWith('*') ? wildcard : exact)[each]!;
          assert.ok(Array.isArray(list));
          const same = list.filter((other) => pairs[other]!.keyKind === keyKind);
          assert.equal(same.length, 1, `${each} of ${index}`);
          assert.ok(list.every((other) => pairs[other]!.names.includes(each)));
        }
      }
    }),
  );
});
