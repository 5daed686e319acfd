import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { withCaseTables } from '../src/testing/case-tables.ts';

const PAGE = join(import.meta.dirname, '../../../docs/security/http1.md');

it('docs/security/http1.md shows the cases as they are', () => {
  const page = readFileSync(PAGE, 'utf8');
  assert.equal(page, withCaseTables(page), 'run: npm run generate');
  assert.ok(page.split('\n| ').length > 150);
});

it('a page without a place for the tables is refused', () => {
  assert.throws(() => withCaseTables('# Nothing\n'), /expected <!-- cases: begin -->/);
});
