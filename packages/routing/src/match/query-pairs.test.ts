// Queries are compared with a plain decoder that splits, decodes and looks.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { queryHas, queryHasMatching } from './query-pairs.ts';

/** Decoded pairs as byte strings; malformed ones left out. */
function pairs(query: string): [string, string][] {
  const found: [string, string][] = [];
  for (const pair of query.split('&')) {
    if (pair === '' || pair.includes(';') || /%(?![0-9A-Fa-f]{2})/.test(pair)) continue;
    const equals = pair.indexOf('=');
    const parts = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    const [key, value] = parts.map((part) =>
      part
        .replaceAll('+', ' ')
        .replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))),
    );
    found.push([key!, value!]);
  }
  return found;
}

const query = fc
  .array(fc.constantFrom('a', 'b', '=', '&', '%61', '%', '%2', '+', ';', '%3D', '%26', 'é', '%e9', '%C3'), {
    maxLength: 14,
  })
  .map((parts) => parts.join(''));
const text = fc.constantFrom('a', 'b', '', ' ', 'aa', 'ab', '=', '&', 'é', 'a=');

describe('query pairs', () => {
  it('are found as a plain decoder finds them', () => {
    const property = fc.property(query, text, text, (raw, key, value) => {
      const decoded = pairs(raw);
      assert.equal(
        queryHas(raw, key, value),
        decoded.some(([k, v]) => k === key && v === value),
      );
      const seen: string[] = [];
      queryHasMatching(raw, key, (candidate) => {
        seen.push(candidate);
        return false;
      });
      assert.deepEqual(
        seen,
        decoded.filter(([k]) => k === key).map(([, v]) => v),
      );
    });
    fc.assert(property, { seed: 1, numRuns: 20_000 });
  });
});
