import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { locationValue } from './location.ts';

test('URL references are accepted as they are', () => {
  for (const url of [
    'https://example.com',
    'https://example.com:8443/a?b=c#d',
    'https://u:p@h/',
    'https://[::1]:8443/',
    'https://[fe80::1%25eth0]/',
    '//h/x',
    '/path',
    'x/y:z',
    '?q=http://x',
    '#f',
    'mailto:a@b',
    'https://h/?%zz',
  ]) {
    assert.equal(locationValue(url), url);
  }
});

test('what is no URL reference is not', () => {
  for (const url of [
    '',
    '\n',
    'a\0',
    'https://h:x/',
    'https://h:123456/',
    'https://a b/',
    'https://[::1',
    'https://h/%',
    'a b:c',
    'https://ü/',
  ]) {
    assert.equal(locationValue(url), undefined, url);
  }
});

test('no value has a byte outside visible ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.constantFrom('', '/', 'https://h/', 'https://'), (text, start) => {
      const value = locationValue(start + text);
      if (value !== undefined) assert.match(value, /^[\x21-\x7e]+$/);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('\ud800', '\udc41', 'a', 'ü', '😀', ' ') }), (text) => {
      assert.match(locationValue(`/${text}`)!, /^[\x21-\x7e]+$/);
    }),
  );
});
